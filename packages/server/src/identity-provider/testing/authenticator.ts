import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** What an authenticator says wrongly, for a test. */
export interface Saying {
  /** Where the browser was; the address of the provider unless said. */
  readonly origin?: string
  /** False where nobody touched a sensor or typed a number. */
  readonly verified?: boolean
  /** True for a key that may be copied to other devices. */
  readonly copied?: boolean
  readonly id?: string
  readonly counter?: number
}

/** An authenticator made of software, with one key, that answers as browsers do (WebAuthn Level 3 §6, §7). */
export interface Authenticator {
  readonly id: string
  /** What `navigator.credentials.create` gives for these options, as JSON. */
  create(options: string, saying?: Saying): string
  /** What `navigator.credentials.get` gives for these options, as JSON. */
  get(options: string, saying?: Saying): string
}

/** Makes one whose passkeys belong to `issuerUrl`. */
export function createAuthenticator(issuerUrl: string, id: string): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const { hostname, origin: home } = new URL(issuerUrl)
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const dataOf = ({ verified = true, copied = false, counter = 1 }: Saying, attested: Uint8Array): Buffer => {
    const flags = 0x01 | (verified ? 0x04 : 0) | (copied ? 0x18 : 0) | (attested.length > 0 ? 0x40 : 0)
    const head = Buffer.alloc(5)
    head[0] = flags
    head.writeUInt32BE(counter, 1)
    return Buffer.concat([createHash('sha256').update(hostname).digest(), head, attested])
  }
  const clientData = (type: string, options: string, { origin = home }: Saying): Buffer => {
    const { challenge }: { challenge: string } = JSON.parse(options)
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }
  const answer = (shown: string, response: object): string =>
    JSON.stringify({ id: shown, rawId: shown, type: 'public-key', clientExtensionResults: {}, response })
  return {
    id: text(Buffer.from(id)),
    create: (options, saying = {}) => {
      const shown = Buffer.from(saying.id ?? id)
      // COSE (RFC 9052): kty EC2, alg ES256, curve P-256, x, y.
      const head = Buffer.from('a50102032620012158', 'hex')
      const key = [head, Buffer.from([0x20]), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex')]
      const attested = [Buffer.alloc(16), Buffer.from([0, shown.length]), shown, ...key, Buffer.from(y, 'base64url')]
      const data = dataOf(saying, Buffer.concat(attested))
      // CBOR (RFC 8949): { fmt: 'none', attStmt: {}, authData: bytes }
      const fields = Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex')
      const object = Buffer.concat([fields, Buffer.from([data.length]), data])
      const clientDataJSON = text(clientData('webauthn.create', options, saying))
      return answer(text(shown), { clientDataJSON, attestationObject: text(object), transports: ['internal'] })
    },
    get: (options, saying = {}) => {
      const data = dataOf(saying, new Uint8Array())
      const client = clientData('webauthn.get', options, saying)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const signature = text(sign('sha256', signed, privateKey))
      const shown = text(Buffer.from(saying.id ?? id))
      return answer(shown, { clientDataJSON: text(client), authenticatorData: text(data), signature })
    },
  }
}
