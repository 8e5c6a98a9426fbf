import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { join } from 'node:path'

import { Secret, type Subject } from '@sallyport/core/access'

import type { Invocation } from './host/index.ts'
import { newId, nowSeconds, writePrivate } from './operation/index.ts'
import type { Vault } from './vault/index.ts'

/** A JWT-SVID (SPIFFE) for one audience, signed with ES256, good for a minute. */
type MintIdentity = (audience: string, subject: Subject, invocation: Invocation) => string

const secretName = 'sallyport/identity-token-key'
const lifetimeSeconds = 60

/**
 * Opens the key of an app's identity tokens, or makes one: what a door shows in place of a secret (`auth: identity`).
 * The key stands nowhere but in the vault; `function-keys.json` in `folder` is what an upstream verifies with.
 */
export async function openIdentityTokens(app: string, vault: Vault, folder: string): Promise<MintIdentity> {
  const key = await keptKey(vault)
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url') // RFC 7638
  const keySet = { keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] }
  writePrivate(join(folder, 'function-keys.json'), `${JSON.stringify(keySet)}\n`)
  const header = encode({ alg: 'ES256', kid, typ: 'JWT' })
  return (audience, { name, workload }, { transaction, actors, user }) => {
    const issuedAt = nowSeconds()
    const claims = encode({
      iss: `spiffe://${app}`,
      sub: `spiffe://${app}/zone/${workload?.zone ?? ''}/function/${name}`,
      aud: audience,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      jti: newId(),
      code: workload?.codeDigest,
      transaction,
      actors,
      ...(user === undefined ? {} : { user: user.id }),
    })
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' })
    return `${header}.${claims}.${signature.toString('base64url')}`
  }
}

async function keptKey(vault: Vault): Promise<KeyObject> {
  const kept = vault.useSecret(secretName)?.reveal()
  if (kept !== undefined) return createPrivateKey(kept)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await vault.setSecret(secretName, new Secret(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()))
  return privateKey
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
