import { readFileSync } from 'node:fs'

import { SallyportError } from '@sallyport/core/access'
import {
  discoverKeys,
  type IssuerConfiguration,
  type JwksDocument,
  type KeyAddress,
  type KeySource,
  type StsIssuer,
} from '@sallyport/core/identity'
import type { App, DeviceManagerDeclaration, SignalStream } from '@sallyport/manifest'

import { fetchDocument } from '../operation/index.ts'

/** The embedded provider as it runs now: its address is known only once it listens. */
export interface EmbeddedProvider {
  readonly issuerUrl: string
  readonly jwks: JwksDocument
}

/** The audience of tokens that are meant for this app's gateway. */
export function audienceOf(app: App): string {
  return `urn:sallyport:${app.name}`
}

/** The manifest's issuers as the verifier wants them. In development an issuer may be on this machine. */
export function issuersOf(
  app: App,
  embedded: EmbeddedProvider,
  sts: StsIssuer,
  { loopback }: { readonly loopback: boolean },
): readonly IssuerConfiguration[] {
  const keysOf = (file: string | undefined, issuer: string, jwksUri?: string): KeySource =>
    keySource(file, { issuer, loopback, ...(jwksUri === undefined ? {} : { jwksUri }) })
  const declared = app.issuers.map((issuer): IssuerConfiguration => {
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
        const keys = keysOf(issuer.jwksFile, address, `${address}/.well-known/jwks.json`)
        return { kind, name, issuer: address, clients, groups, keys }
      }
      case 'oidc': {
        const { name, issuer: address, jwksFile, jwksDigest: _digest, exchangeAt: _at, ...stated } = issuer
        return { ...stated, name, issuer: address, keys: keysOf(jwksFile, address) }
      }
    }
  })
  return [...declared, sts]
}

/** The keys by which a transmitter of shared signals signs. */
export function keysOfStream({ transmitter, jwksFile }: SignalStream, loopback: boolean): KeySource {
  return keySource(jwksFile, { issuer: transmitter, metadata: 'ssf-configuration', loopback })
}

/** Where a device manager's keys come from. */
export function keysOfManager({ issuer, jwksFile }: DeviceManagerDeclaration, loopback: boolean): KeySource {
  return keySource(jwksFile, { issuer, loopback })
}

function keySource(file: string | undefined, address: KeyAddress): KeySource {
  return file === undefined ? discoverKeys(address, fetchDocument) : readJwks(readFileSync(file, 'utf8'), file)
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
