import { createPrivateKey, type JsonWebKey, sign } from 'node:crypto'

/** The device key of one user. Secret. */
export interface DeviceKey {
  readonly id: string
  /** P-256. */
  readonly privateJwk: JsonWebKey
}

/** Proves to the provider that this device takes part in this very sign-in (`nonce`), for a minute: a JWS, ES256. */
export function makeDeviceAssertion(
  device: DeviceKey,
  claims: { readonly issuer: string; readonly nonce: string; readonly nowSeconds: number },
): string {
  const { issuer: aud, nonce, nowSeconds: iat } = claims
  const header = { alg: 'ES256', typ: 'device-assertion+jwt', kid: device.id }
  const signed = `${encode(header)}.${encode({ aud, nonce, iat, exp: iat + 60 })}`
  const key = createPrivateKey({ key: device.privateJwk, format: 'jwk' })
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
