/**
 * A broken promise of one room, with a code from that room's union. A denial is data, never one of these.
 * `message` is for the operator; only `publicMessage` may reach a caller, and by default there is none.
 */
export class SallyportError extends Error {
  override readonly name = 'SallyportError'
  readonly code: string
  readonly publicMessage: string | undefined
  /** One line that mends it, ready to paste. */
  readonly fix: string | undefined

  constructor(code: string, message: string, options: { cause?: unknown; publicMessage?: string; fix?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.publicMessage = options.publicMessage
    this.fix = options.fix
  }
}
