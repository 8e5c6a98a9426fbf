/** What `GET /v1/status` tells, and what the banner is made of. */
export interface Status {
  readonly app: string
  readonly pid: number
  /** `https://localhost:8443` */
  readonly gateway: string
  readonly issuer: string
  /** PEM of the authority that clients of the gateway and the issuer must trust. */
  readonly caFile: string
  readonly isolation: string
  readonly ledger: string
  /** The function whose boxes may be debugged, if any. */
  readonly debug?: string
  /** The file in which is recorded what functions ask for, if anything is. */
  readonly learn?: string
  /** What this start found of the last one, in words. */
  readonly found?: string
}
