import { createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'

import { type KeyStore, openRotation, type Rotation, type RotationPlan } from './rotation.ts'

/** What the keys of a rotation sign with. */
export type SigningAlgorithm = 'EdDSA' | 'ES256'

/** A public key as it is published (RFC 7517), member by member, so that nothing private can slip through. */
export type PublicJwk = Readonly<Record<string, string>>

/** Opens a rotation of keys that are published as JWKs; their ids are RFC 7638 thumbprints. */
export function openJwkRotation(options: {
  readonly name: string
  readonly algorithm: SigningAlgorithm
  readonly store: KeyStore
  readonly plan: RotationPlan
  readonly nowMs: () => number
}): Promise<Rotation> {
  const { algorithm, ...rest } = options
  return openRotation({ ...rest, make: () => Promise.resolve(makeKey(algorithm)) })
}

/** The keys of a rotation as the members of a JWK set, newest last. `use` says what they sign. */
export function publicJwks(rotation: Rotation, use: string): readonly PublicJwk[] {
  return rotation.published().map(({ published }) => ({ ...readJwk(published), use }))
}

function makeKey(algorithm: SigningAlgorithm): { keyId: string; published: string; privatePem: string } {
  const { privateKey } =
    algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const members = publicMembers(privateKey)
  const keyId = hash('sha256', JSON.stringify(members), 'base64url') // RFC 7638 §3: members in lexical order
  const published = JSON.stringify({ ...members, kid: keyId, alg: algorithm })
  return { keyId, published, privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }
}

function publicMembers(privateKey: KeyObject): PublicJwk {
  const { crv = '', kty = '', x = '', y } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { crv, kty, x, ...(y === undefined ? {} : { y }) }
}

function readJwk(text: string): PublicJwk {
  const jwk: unknown = JSON.parse(text)
  if (typeof jwk === 'object' && jwk !== null) {
    const members = Object.entries(jwk).filter((member): member is [string, string] => typeof member[1] === 'string')
    return Object.fromEntries(members)
  }
  throw new SallyportError('sts.keys_damaged', 'A published key is not a JSON Web Key.')
}
