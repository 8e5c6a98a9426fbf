import { readFileSync } from 'node:fs'

import { SallyportError } from '@sallyport/core/access'
import type { IssuerConfiguration, JwksDocument, KeySource } from '@sallyport/core/identity'
import type { App } from '@sallyport/manifest'

/** The embedded provider as it runs now: its address is known only once it listens. */
export interface EmbeddedProvider {
  readonly issuerUrl: string
  readonly jwks: JwksDocument
}

/** The audience of tokens that are meant for this app's gateway. */
export function audienceOf(app: App): string {
  return `urn:sallyport:${app.name}`
}

/** The manifest's issuers as the verifier wants them. */
export function issuersOf(app: App, embedded: EmbeddedProvider): readonly IssuerConfiguration[] {
  return app.issuers.map((issuer): IssuerConfiguration => {
    switch (issuer.kind) {
      case 'embedded':
        return {
          kind: 'embedded',
          name: 'embedded',
          issuer: embedded.issuerUrl,
          audience: audienceOf(app),
          keys: embedded.jwks,
        }
      case 'cognito': {
        const { kind, name, issuer: address, clients, groups } = issuer
        const keys = keySource(issuer.jwksFile, `${address}/.well-known/jwks.json`)
        return { kind, name, issuer: address, clients, groups, keys }
      }
      case 'oidc': {
        const { kind, name, issuer: address, audience, rolesClaim } = issuer
        const keys = keySource(issuer.jwksFile, `${address.replace(/\/$/, '')}/.well-known/openid-configuration`)
        return { kind, name, issuer: address, audience, rolesClaim, keys }
      }
    }
  })
}

const maxDocumentBytes = 256 * 1024

function keySource(file: string | undefined, address: string): KeySource {
  if (file !== undefined) return readJwks(readFileSync(file, 'utf8'), file)
  return async (signal) => {
    const document = await fetchJson(address, signal)
    if (!address.endsWith('/openid-configuration')) return asJwks(document, address)
    const keysAt = memberOf(document, 'jwks_uri')
    // OpenID Connect Discovery 1.0 §3: the keys' address is an https URL; anything else is not followed.
    if (typeof keysAt !== 'string' || !keysAt.startsWith('https://')) throw unusable(address)
    return asJwks(await fetchJson(keysAt, signal), keysAt)
  }
}

/** Goes nowhere but to the address that was written down: no redirects, and no more than 256 KiB. */
async function fetchJson(address: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (!response.ok || response.body === null) throw unusable(address)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > maxDocumentBytes) throw unusable(address)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function readJwks(text: string, file: string): JwksDocument {
  try {
    return asJwks(JSON.parse(text), file)
  } catch (cause) {
    throw new SallyportError('issuer.keys_unusable', `${file} is not a JSON Web Key Set.`, { cause })
  }
}

function asJwks(document: unknown, from: string): JwksDocument {
  const keys = memberOf(document, 'keys')
  if (!Array.isArray(keys)) throw unusable(from)
  return { keys }
}

function memberOf(document: unknown, name: string): unknown {
  return typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined
}

function unusable(from: string): SallyportError {
  return new SallyportError('issuer.keys_unusable', `${from} gave no usable keys.`)
}
