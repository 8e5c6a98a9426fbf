/** Things of the host that a probe must not reach from inside a box, and reaches outside of one. */
export interface Canary {
  /** A raw TCP listener that answers `received N bytes`. */
  readonly tcp: { readonly host: string; readonly port: number }
  readonly udp: { readonly host: string; readonly port: number }
  readonly http: string
  readonly https: string
  /** `ADDRESS:PORT` of a resolver that answers every name. */
  readonly dns: string
  /** A file that everybody on the host may read; it holds `word`. */
  readonly file: string
  readonly word: string
  /** A process on the host. */
  readonly pid: number
}

/** Probes of others, by name. The attack writes this file anew in its copy of the app when it is given some. */
export const probes: Readonly<Record<string, (canary: Canary) => unknown>> = {}
