import { isObject } from '@sallyport/core/json'

/** Whom an event is about, as far as it says: a person, one of their sessions, a device, one token. */
export interface EventSubject {
  /** `issuer` is the `iss` that was named with it; absent for an identifier that the stream's own issuer gave. */
  readonly user?: { readonly issuer?: string; readonly name: string }
  readonly session?: string
  readonly device?: string
  readonly token?: { readonly issuer: string; readonly id: string }
}

/**
 * Reads a subject identifier (RFC 9493), or a complex subject of the Shared Signals Framework 1.0 §3.2. Undefined for
 * what names nobody by an identifier that lasts: an email address or a telephone number may come to belong to somebody
 * else, so nobody's rights are ended by one. Adversary: whoever can make a transmitter send events.
 */
export function readEventSubject(value: unknown): EventSubject | undefined {
  if (!isObject(value)) return undefined
  switch (value['format']) {
    case 'iss_sub':
      return isId(value['iss']) && isId(value['sub'])
        ? { user: { issuer: value['iss'], name: value['sub'] } }
        : undefined
    case 'opaque':
      return isId(value['id']) ? { user: { name: value['id'] } } : undefined
    case 'jwt_id':
      return isId(value['iss']) && isId(value['jti'])
        ? { token: { issuer: value['iss'], id: value['jti'] } }
        : undefined
    case 'complex':
    case undefined: // drafts of the framework left the format of a complex subject out
      return readComplex(value)
    default:
      return undefined
  }
}

function readComplex(value: Readonly<Record<string, unknown>>): EventSubject | undefined {
  const parts: EventSubject[] = []
  if (value['user'] !== undefined) {
    const user = readEventSubject(value['user'])?.user
    if (user === undefined) return undefined
    parts.push({ user })
  }
  for (const name of ['session', 'device'] as const) {
    const part = value[name]
    if (part === undefined) continue
    if (!isObject(part) || part['format'] !== 'opaque' || !isId(part['id'])) return undefined
    parts.push({ [name]: part['id'] })
  }
  return parts.length === 0 ? undefined : Object.assign({}, ...parts)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 1024
}
