import type { LedgerFile, LedgerStore } from '../store.ts'

/** A store in memory that tells what a loss of power would leave, and fails where a test says so. */
export interface MemoryLedgerStore extends LedgerStore {
  /** What survives loss of power: only what was synced, under names whose folder was synced. */
  readonly afterPowerLoss: () => MemoryLedgerStore
  /** A copy as the end of the process leaves it: everything written. */
  readonly afterKill: () => MemoryLedgerStore
}

/** One step at which a fault may be injected. `write` may also be short: return how many bytes to accept. */
export type LedgerStoreStep = 'open' | 'write' | 'sync' | 'truncate' | 'replace' | 'sync-folder'

/** Asked before each step: throws to fail it; for `write`, a number is how many bytes go in before it fails. */
export type FaultPlan = (step: LedgerStoreStep, call: number) => number | undefined

interface Content {
  bytes: Uint8Array
  synced: Uint8Array
}

/** The memory fake of the port. */
export function createMemoryStore(
  fault?: FaultPlan,
  initial: ReadonlyMap<string, Uint8Array> = new Map(),
): MemoryLedgerStore {
  const files = new Map<string, Content>()
  for (const [name, bytes] of initial) files.set(name, { bytes, synced: bytes })
  const durable = new Set(files.keys())
  let calls = 0
  const step = (name: LedgerStoreStep): number | undefined => fault?.(name, calls++)
  return {
    names: () => [...files.keys()],
    read: (name) => files.get(name)?.bytes.slice(),
    open: (name) => {
      step('open')
      const content = files.get(name) ?? { bytes: new Uint8Array(), synced: new Uint8Array() }
      files.set(name, content)
      return openContent(content, step)
    },
    replace: async (name, bytes) => {
      step('replace')
      files.set(name, { bytes: bytes.slice(), synced: bytes.slice() })
      durable.add(name)
    },
    syncFolder: async () => {
      step('sync-folder')
      for (const name of files.keys()) durable.add(name)
    },
    afterPowerLoss: () => {
      const left = [...files].filter(([name]) => durable.has(name))
      return createMemoryStore(undefined, new Map(left.map(([name, { synced }]) => [name, synced.slice()])))
    },
    afterKill: () =>
      createMemoryStore(undefined, new Map([...files].map(([name, { bytes }]) => [name, bytes.slice()]))),
  }
}

function openContent(content: Content, step: (name: LedgerStoreStep) => number | undefined): LedgerFile {
  return {
    openedBytes: content.bytes.length,
    write: (bytes, position) => {
      const accepted = step('write') ?? bytes.length
      const next = new Uint8Array(Math.max(content.bytes.length, position + accepted))
      next.set(content.bytes)
      next.set(bytes.subarray(0, accepted), position)
      content.bytes = next
      return accepted
    },
    sync: async () => {
      const bytes = content.bytes.slice()
      step('sync')
      content.synced = bytes
    },
    truncate: (bytes) => {
      step('truncate')
      content.bytes = content.bytes.slice(0, bytes)
    },
    close: () => undefined,
  }
}
