/** Codes in the place of a version (PostgreSQL, "Message Formats"). */
export const requestCodes = { ssl: 80_877_103, gss: 80_877_104, cancel: 80_877_102, version3: 196_608 } as const

/** One message after the startup: its letter and what follows its length. */
export interface Message {
  readonly type: string
  readonly body: Buffer
}

/** A message with its letter and length. */
export function message(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** The first message of a connection, which has no letter. */
export function startup(code: number, body: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.writeUInt32BE(code, 4)
  return Buffer.concat([head, body])
}

/** Names and values, each ended by a zero byte, and one more at the end. */
export function parameters(pairs: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.from([...pairs.flat(), ''].map((text) => `${text}\0`).join(''))
}

/** More than PostgreSQL has settings. */
export const maxParameters = 512

/** The pairs of a startup message; undefined where they do not come in pairs, one comes twice, or they are too many. */
export function readParameters(body: Buffer): ReadonlyMap<string, string> | undefined {
  const parts = body.toString('utf8').split('\0')
  if (parts.pop() !== '' || parts.pop() !== '' || parts.length % 2 !== 0 || parts.length > 2 * maxParameters)
    return undefined
  const pairs = new Map<string, string>()
  for (let index = 0; index < parts.length; index += 2) {
    const name = parts[index] ?? ''
    if (name === '' || pairs.has(name)) return undefined
    pairs.set(name, parts[index + 1] ?? '')
  }
  return pairs
}

/** `ErrorResponse` that ends a connection: 28000 is "invalid authorization specification". */
export function fatal(text: string): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C28000', `M${text}`, '']
  return message('E', Buffer.from(fields.map((field) => `${field}\0`).join('')))
}

/** The SQLSTATE of an `ErrorResponse`; its text may name what only the operator of the server should see. */
export function sqlState(body: Buffer): string {
  return /(?:^|\0)C([0-9A-Z]{5})\0/.exec(body.toString('latin1'))?.[1] ?? 'no code'
}
