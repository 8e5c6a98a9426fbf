declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** Options of dynalite 4; times in milliseconds. */
  export interface DynaliteOptions {
    readonly path?: string
    readonly createTableMs?: number
    readonly deleteTableMs?: number
    readonly updateTableMs?: number
  }

  export default function dynalite(options?: DynaliteOptions): Server
}
