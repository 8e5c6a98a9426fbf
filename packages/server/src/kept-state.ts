import { randomBytes } from 'node:crypto'

import type { LedgerRecord } from '@sallyport/core/access'
import type { SignalStream } from '@sallyport/manifest'

import { type Administration, createWebhook, type ElevationRules, openAdministration } from './administration/index.ts'
import type { KeptBuckets } from './gateway/index.ts'
import { type Ledger, lockFolder, nodeSha256, openLedger, openLedgerSigner } from './ledger/index.ts'
import { type Folders, newId, nowMs, nowSeconds, openClock, openOutputLog, type OutputLog } from './operation/index.ts'
import { openProofs, type Proofs } from './proofs.ts'
import { createStanding, type Standing } from './signals/index.ts'
import { openStore, openUsedProofs, type Store, type UsedProofs } from './stores/index.ts'
import { openVault, type Vault } from './vault/index.ts'

/** Everything that outlives a run. */
export interface KeptState {
  readonly vault: Vault
  readonly ledger: Ledger
  readonly store: Store
  readonly output: OutputLog
  readonly administration: Administration
  readonly proofs: Proofs
  /** What shared signals said. */
  readonly standing: Standing
  /** What is used of limits by the hour and by the day. */
  readonly limits: KeptBuckets
}

/** What the manifest in force says of elevation; asked each time, for the manifest may change. */
export interface RoleRules extends ElevationRules {
  /** Who is told of requests. */
  readonly webhook: () => string | undefined
  /** Who is listened to. */
  readonly streams: () => readonly SignalStream[]
}

/** Proofs of the last minute: with more, DPoP clients are refused rather than a replay let through. */
const maxUsedProofs = 200_000
const maxUsedAtExchange = 50_000
const longestGrantMs = 15 * 60_000
const webhookTimeoutMs = 5_000

/**
 * Opens what is kept, in the order of who seals whom: once alone, the vault, the ledger that it keeps the key of, the
 * store, and the administrative state that the ledger tells. Each is pushed onto `started` as soon as it must be closed
 * again.
 */
export async function openKeptState(
  folders: Folders,
  app: string,
  roles: RoleRules,
  trouble: (cause: unknown) => void,
  started: (() => Promise<void> | void)[],
): Promise<KeptState> {
  // Alone first: of two servers that start at once, each would make keys, and one would seal with what the other lost.
  const release = lockFolder(folders.ledger)
  started.push(release)
  const vault = openVault({ folder: folders.keys, random: randomBytes })
  const origin = `sallyport.local/${app}`
  const signer = await openLedgerSigner(vault, origin)
  // Only what administrative state is made of is kept; the rest of the ledger is not held in memory.
  const past: LedgerRecord[] = []
  const ledger = await openLedger({
    folder: folders.ledger,
    release,
    clock: nowMs,
    sha256: nodeSha256,
    signer,
    origin,
    onTrouble: trouble,
    replay: (record) => void (isAdministrative(record) && past.push(record)),
  })
  started.push(() => ledger.close())
  const store = openStore({ file: folders.store, vault, nowSeconds })
  started.push(() => store.close())
  const openUsed = (file: string, capacity: number): UsedProofs => {
    const used = openUsedProofs({ file, capacity, nowSeconds, onTrouble: trouble })
    started.push(() => used.close())
    return used
  }
  const proofs = openProofs({
    atRoutes: openUsed(folders.usedProofs, maxUsedProofs),
    atExchange: openUsed(`${folders.usedProofs}-exchange`, maxUsedAtExchange),
  })
  const output = openOutputLog(folders.output)
  started.push(() => output.close())
  const administration = openAdministration({
    append: ledger.append,
    ...roles,
    clock: openClock(),
    newId,
    past,
    grantLifetimeMs: longestGrantMs,
    announce: createWebhook({
      address: roles.webhook,
      nowMs,
      timeoutMs: webhookTimeoutMs,
      record: (record) => void ledger.append(record, 'written').catch(trouble),
    }),
  })
  const standing = createStanding({ streams: roles.streams, nowMs })
  for (const record of past) if (record.kind === 'signal') standing.apply(record)
  const limits: KeptBuckets = {
    get: (key) => store.get('limit', key),
    put: (key, value, expiresAtSeconds) => store.put('limit', key, value, expiresAtSeconds),
  }
  return { vault, ledger, store, output, administration, proofs, standing, limits }
}

/** Records what has ended, every second; only once a manifest is in force, which says what is still meant. */
export function keepSweeping(
  administration: Administration,
  trouble: (cause: unknown) => void,
  started: (() => void)[],
): void {
  const sweep = setInterval(() => void administration.sweep().catch(trouble), 1000).unref()
  started.push(() => clearInterval(sweep))
}

function isAdministrative({ kind }: LedgerRecord): boolean {
  return kind === 'elevation' || kind === 'revocation' || kind === 'quarantine' || kind === 'signal'
}

/** What this start found of the last run, in words; nothing where it ended as it should. */
export function foundWords({ recovery }: Ledger): { readonly found?: string } {
  const { truncatedBytes, unsettled } = recovery
  if (truncatedBytes === 0 && unsettled.length === 0) return {}
  const torn = truncatedBytes === 0 ? [] : [`cut ${truncatedBytes} bytes of a torn write`]
  const { length } = unsettled
  const unknown =
    length === 0 ? [] : [`${length === 1 ? 'one decision has' : `${length} decisions have`} an unknown outcome`]
  return { found: [...torn, ...unknown].join('; ') }
}
