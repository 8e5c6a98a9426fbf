import { readFile } from 'node:fs/promises'

import type { ConfigurationRecord } from '@sallyport/core/access'
import {
  type Authenticator,
  createAuthenticator,
  createKeySet,
  createVerifier,
  type Verifier,
} from '@sallyport/core/identity'
import type { App, CompiledApp } from '@sallyport/manifest'

import { compileDevices, type DeviceProof, followRevocations } from './devices/index.ts'
import { type BodyCheck, compileBodyCheck } from './gateway/index.ts'
import {
  bundledCountryDatabase,
  compileLocations,
  type CountryDatabase,
  openCountryDatabase,
} from './information/index.ts'
import type { KeptState } from './kept-state.ts'
import {
  agreeToBroadening,
  compareAccess,
  type EmbeddedProvider,
  issuersOf,
  keysOfManager,
  type LoadedManifest,
  type Terminal,
} from './app/index.ts'
import { nodePrimitives, nowMs, nowSeconds } from './operation/index.ts'
import { type ServerOptions, startCommand } from './start/index.ts'
import { compileServices, type Services } from './sts/index.ts'
import type { Workloads } from './workloads.ts'

/** The manifest in force, with everything that is made of it. Replaced whole, never changed. */
export interface Force {
  readonly app: App
  readonly compiled: CompiledApp
  readonly authenticate: Authenticator
  /** At the door of administration. */
  readonly authenticateOperator: Authenticator
  /** What judges tokens by themselves, before what they are bound to. */
  readonly verifier: Verifier
  readonly services: Services
  readonly deviceOf: DeviceProof
  readonly countryOf: (address: string) => string | undefined
  /** By the route's ARN. */
  readonly bodyChecks: ReadonlyMap<string, BodyCheck>
}

const bundled = bundledCountryDatabase()

function databaseOf({ countries }: App): CountryDatabase {
  if (countries === undefined) return bundled
  return countries === 'none' ? () => undefined : openCountryDatabase(countries.bytes, countries.name)
}

/** Lets a manifest come into force: what it grants beyond the last one is agreed to, and recorded, first. */
export async function putIntoForce(
  { app, compiled }: LoadedManifest,
  { administration, ledger, proofs, store }: KeptState,
  provider: EmbeddedProvider,
  { accessTokens, own }: Workloads,
  options: ServerOptions,
  terminal: Terminal,
  trouble: (cause: unknown) => void,
): Promise<Force> {
  // Before anything is recorded: the file may be no database.
  const countryOf = compileLocations(app.locations, databaseOf(app))
  const change = compareAccess(store.get('configuration', 'accepted'), app)
  await agreeToBroadening(change, options.broadening, terminal, startCommand(options, { broadening: 'allow' }))
  const record: ConfigurationRecord = {
    kind: 'configuration',
    at: nowMs(),
    digest: app.digest,
    ...(change.previous === undefined ? {} : { previous: change.previous }),
    author: `uid ${process.getuid?.() ?? 0}`,
    broadens: change.broadens,
    accessDiff: change.lines,
  }
  await ledger.append(record, 'synced')
  store.put('configuration', 'accepted', change.accepted)
  const { isRevoked, revokedAt } = administration
  const verifier = createVerifier({
    issuers: issuersOf(app, provider, accessTokens.issuer, { loopback: options.mode === 'dev' }),
    nowSeconds,
    skewSeconds: 60,
    revokedAt,
    primitives: nodePrimitives,
    onTrouble: trouble,
  })
  return {
    app,
    compiled,
    verifier,
    services: compileServices({
      app: app.name,
      services: app.services ?? [],
      trust: app.trust ?? [],
      own,
      isRevoked,
      seen: proofs.used,
      nowMs,
    }),
    deviceOf: await devicesOf(app, isRevoked, options.mode === 'dev', trouble),
    authenticate: createAuthenticator({ verifier, app: app.name, proofs: proofs.verifier, isRevoked }),
    authenticateOperator: createAuthenticator({ verifier, app: app.name, proofs: proofs.strictVerifier, isRevoked }),
    countryOf,
    bodyChecks: new Map(
      app.functions
        .flatMap(({ routes }) => routes)
        .filter(({ bodySchema }) => bodySchema !== undefined)
        .map((route) => [route.arn, compileBodyCheck(route.bodySchema)]),
    ),
  }
}

/** Keys of the manager are fetched when the first statement asks for them. */
async function devicesOf(
  { devices }: App,
  isRevoked: KeptState['administration']['isRevoked'],
  loopback: boolean,
  onTrouble: (cause: unknown) => void,
): Promise<DeviceProof> {
  const { authorities: declared, revokedFile, manager } = devices ?? {}
  const authorities = (declared?.roots ?? []).map((root) => new Uint8Array(Buffer.from(root, 'base64')))
  const read = revokedFile === undefined ? undefined : () => readFile(revokedFile, 'utf8')
  const revocations = read && (await followRevocations({ read, authorities, nowMs, onTrouble }))
  const certified = { authorities, isRevoked, nowMs, ...(revocations && { revocations }) }
  if (manager === undefined) return compileDevices(certified)
  const { issuer, audience, maxAgeMs } = manager
  const source = keysOfManager(manager, loopback)
  const keys = createKeySet({ source, nowSeconds, primitives: nodePrimitives, onTrouble })
  return compileDevices({ ...certified, manager: { issuer, audience, keys, maxAgeSeconds: maxAgeMs / 1000 } })
}
