import {
  arn,
  type Decision,
  type LedgerRecord,
  sealReceipt,
  type SignalRecord,
  type Subject,
} from '@sallyport/core/access'
import { enforce } from '@sallyport/core/enforcement'
import { createKeySet } from '@sallyport/core/identity'
import { decide } from '@sallyport/core/policy'
import { type App, compileApp, explain, loadManifest, type SignalStream } from '@sallyport/manifest'

import { type Administration, openAdministration } from '../../administration/index.ts'
import { signalGate, type SignalRooms, type Verdict } from '../gate.ts'
import { createStanding, type Standing } from '../standing.ts'
import { makeTransmitter, type Transmitter } from './transmitter.ts'

const manifest = `
app: shop
issuers: { pool: { issuer: https://people.example, audience: shop } }
people: { customer: { signals: fresh, risk: medium, device: managed } }
signals:
  watch: { of: pool, transmitter: https://signals.example, audience: https://shop.example/signals }
  other: { of: pool, transmitter: https://other.example, audience: https://shop.example/signals }
zones: { public: { from: [internet] } }
functions:
  front: { zone: public, code: front.ts, routes: { GET /: { who: [customer] } } }
`

/** Tests only: an app with a stream that tells of the issuer `pool`, and everything that a signal comes to. */
export interface SignalWorld {
  /** The wall clock, in milliseconds since the epoch. */
  readonly time: { wallMs: number }
  readonly ledger: LedgerRecord[]
  readonly decided: Decision[]
  broken: boolean
  readonly transmitter: Transmitter
  standing: Standing
  readonly administration: Administration
  /** As after a restart: all that was said is what the ledger holds. */
  reopen(capacity?: number): void
  send(token: string, stream?: string, changes?: Partial<SignalRooms>): Promise<Verdict>
  readonly signals: () => readonly SignalRecord[]
}

/** Makes one. */
export function makeSignalWorld(): SignalWorld {
  const app = readApp()
  const compiled = compileApp(app)
  const watched = (): readonly SignalStream[] => (app.signals ?? []).filter(({ name }) => name === 'watch')
  const append = async (record: LedgerRecord): Promise<void> => {
    if (world.broken) throw new Error('the disk is full')
    world.ledger.push(record)
  }
  const time = { wallMs: 1_700_000_000_000 }
  const nowMs = (): number => time.wallMs
  const world: SignalWorld = {
    time,
    ledger: [],
    decided: [],
    broken: false,
    transmitter: makeTransmitter(() => time.wallMs / 1000),
    standing: createStanding({ streams: watched, nowMs }),
    administration: openAdministration({
      append,
      clock: { nowMs, monotonicMs: nowMs, bootId: 'b' },
      newId: () => 'id',
      past: [],
      grantLifetimeMs: 60_000,
      ruleOf: () => undefined,
      powersOf: () => '',
      samePerson: (one, other) => one === other,
      mayHold: () => true,
    }),
    reopen: (capacity) => {
      world.standing = createStanding({
        streams: watched,
        nowMs,
        ...(capacity === undefined ? {} : { capacity }),
      })
      for (const record of world.signals()) world.standing.apply(record)
    },
    send: async (token, stream = 'watch', changes = {}) => {
      const gate = signalGate({
        app: () => 'shop',
        standing: world.standing,
        revoke: world.administration.revoke,
        append,
        askGuests: (asked) => asked,
        decide: (asked) => {
          const decision = explain(decide(compiled.authority, asked), compiled, app)
          world.decided.push(decision)
          return decision
        },
        record: async ({ id }) => sealReceipt({ decision: id, leafIndex: 0n, durability: 'synced' }),
        admit: world.administration.admit,
        isCurrent: world.administration.isCurrent,
        settle: () => undefined,
        newId: () => 'id',
        nowMs,
        onFailure: () => undefined,
        ...changes,
      })
      const { issuer, audience, jwks } = world.transmitter
      const keys = createKeySet({ source: jwks, nowSeconds: () => time.wallMs / 1000 })
      const about = { issuerName: 'pool', issuer: 'https://people.example' }
      return enforce({ stream: { name: stream, about, trust: { issuer, audience, keys } }, token }, gate)
    },
    signals: () => world.ledger.filter((record) => record.kind === 'signal'),
  }
  return world
}

/** Alice of the issuer `pool`, who signed in at this moment (milliseconds since the epoch). */
export function aliceSince(ms: number): Subject {
  return {
    kind: 'user',
    id: arn.user('shop', 'pool:alice'),
    name: 'pool:alice',
    sessionId: 's1',
    roles: ['customer'],
    authentication: { methods: [], mfa: true, authenticatedAtSeconds: ms / 1000, expiresAtSeconds: 1e10 },
    credential: {
      issuerName: 'pool',
      keyId: 'k',
      issuedAtSeconds: ms / 1000,
      scopes: [],
      tags: {},
      boundTo: [],
      binding: 'none',
    },
  }
}

function readApp(): App {
  const read = (path: string): string | undefined =>
    path === '/app/sallyport.yaml' ? manifest : path === '/app/front.ts' ? '' : undefined
  const loaded = loadManifest('/app', {
    readFile: read,
    readBytes: () => undefined,
    realpath: (path) => (path === '/app' || read(path) !== undefined ? path : undefined),
    sha256: () => 'digest',
    environment: {},
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded.app
}
