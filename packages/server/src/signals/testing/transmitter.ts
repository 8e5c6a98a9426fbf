import { generateKeyPairSync, sign } from 'node:crypto'

const caep = 'https://schemas.openid.net/secevent/caep/event-type'

/** Tests only: somebody who signs events. */
export interface Transmitter {
  readonly issuer: string
  readonly audience: string
  readonly jwks: { readonly keys: readonly unknown[] }
  /** One event by its CAEP name, or by its whole URI; a claim that is undefined is left out. */
  readonly event: (
    type: string,
    details: Readonly<Record<string, unknown>>,
    claims?: Readonly<Record<string, unknown>>,
  ) => string
}

/** Makes a transmitter with an ES256 key of its own; its events are about `alice` of `https://people.example`. */
export function makeTransmitter(nowSeconds: () => number): Transmitter {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = 'https://signals.example'
  const audience = 'https://shop.example/signals'
  let made = 0
  return {
    issuer,
    audience,
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }] },
    event: (type, details, claims = {}) => {
      const payload = {
        iss: issuer,
        aud: audience,
        jti: `e${++made}`,
        iat: nowSeconds(),
        sub_id: { format: 'iss_sub', iss: 'https://people.example', sub: 'alice' },
        events: { [type.includes(':') ? type : `${caep}/${type}`]: details },
        ...claims,
      }
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const signed = `${part({ alg: 'ES256', kid: 'k1', typ: 'secevent+jwt' })}.${part(payload)}`
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${signature.toString('base64url')}`
    },
  }
}
