import { expect, test } from 'vitest'

import type { LedgerStore } from '../store.ts'

/** What every ledger store must do. Call it inside a `describe`; `makeStore` gives an empty one each time. */
export function ledgerStoreContract(makeStore: () => LedgerStore): void {
  test('has no names and reads nothing at first', () => {
    const store = makeStore()
    expect(store.names()).toEqual([])
    expect(store.read('a')).toBeUndefined()
  })

  test('reads back what was written at each position', async () => {
    const store = makeStore()
    const file = store.open('a')
    expect(file.openedBytes).toBe(0)
    expect(file.write(bytes('hello'), 0)).toBe(5)
    expect(file.write(bytes(' you'), 5)).toBe(4)
    await file.sync()
    await store.syncFolder()
    expect(Buffer.from(store.read('a') ?? []).toString()).toBe('hello you')
    file.close()
    expect(store.open('a').openedBytes).toBe(9)
    expect(store.names()).toEqual(['a'])
  })

  test('cuts a file and goes on from there', () => {
    const store = makeStore()
    const file = store.open('a')
    file.write(bytes('hello'), 0)
    file.truncate(2)
    file.write(bytes('y'), 2)
    expect(Buffer.from(store.read('a') ?? []).toString()).toBe('hey')
    file.close()
  })

  test('replaces a whole file and leaves no other name behind', async () => {
    const store = makeStore()
    await store.replace('checkpoint', bytes('first, longer'))
    await store.replace('checkpoint', bytes('second'))
    expect(Buffer.from(store.read('checkpoint') ?? []).toString()).toBe('second')
    expect(store.names()).toEqual(['checkpoint'])
  })
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
