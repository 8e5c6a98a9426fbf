import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { SallyportError } from '@sallyport/core/access'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openStore, type Sealer, type Store } from './index.ts'
import { createMemoryStore } from './testing/memory-store.ts'
import { storeContract } from './testing/store-contract.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  file = join(folder, 'state.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Hides nothing from a reader who tries, but holds each value to its context and keeps its bytes off the disk. */
const vault: Sealer = {
  seal: (bytes, context) => Buffer.from(JSON.stringify(context) + Buffer.from(bytes).toString('base64')),
  unseal: (sealed, context) => {
    const text = Buffer.from(sealed).toString()
    const prefix = JSON.stringify(context)
    if (!text.startsWith(prefix)) throw new SallyportError('vault.unseal_failed', 'another context')
    return Buffer.from(text.slice(prefix.length), 'base64')
  },
}

function open(nowSeconds: () => number = () => 0): Store {
  return openStore({ file, vault, nowSeconds })
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof SallyportError) return error.code
    throw error
  }
  return undefined
}

describe('a store in memory', () => storeContract(createMemoryStore))

describe('a store in SQLite', () => {
  storeContract(open)

  test('keeps what was put over a restart, and forgets what expired meanwhile', () => {
    const first = open()
    first.put('code', 'a', 'one')
    first.put('code', 'b', 'two', 10)
    first.close()
    const second = open(() => 20)
    expect(second.get('code', 'a')).toBe('one')
    second.close()
    const rows = new DatabaseSync(file)
    expect(rows.prepare('SELECT id FROM record').all()).toEqual([{ id: 'a' }])
    rows.close()
  })

  test('sweeps expired rows while it runs', () => {
    let now = 0
    const store = open(() => now)
    for (let n = 0; n < 200; n++) store.put('code', `${n}`, 'x', 10)
    now = 10
    for (let n = 0; n < 60; n++) store.put('other', `${n}`, 'x')
    store.close()
    const rows = new DatabaseSync(file)
    expect(rows.prepare('SELECT count(*) AS n FROM record').get()).toEqual({ n: 60 })
    rows.close()
  })

  test('keeps its files from other users, and the values out of them', () => {
    const store = open()
    store.put('code', 'a', 'a value that would be seen')
    for (const name of readdirSync(folder)) {
      expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0])
      expect(readFileSync(join(folder, name)).includes('a value that would be seen')).toBe(false)
    }
    store.close()
  })

  test('refuses a row that was moved to another place', () => {
    const store = open()
    store.put('code', 'alice', 'hers')
    store.put('code', 'bob', 'his')
    store.close()
    const rows = new DatabaseSync(file)
    rows.exec("UPDATE record SET sealed = (SELECT sealed FROM record WHERE id = 'alice') WHERE id = 'bob'")
    rows.close()
    const reopened = open()
    expect(codeOf(() => reopened.get('code', 'bob'))).toBe('vault.unseal_failed')
    expect(reopened.get('code', 'alice')).toBe('hers')
    reopened.close()
  })

  test('takes nothing but sealed bytes, also from a table that somebody made', () => {
    open().close()
    const rows = new DatabaseSync(file)
    rows.exec('DROP TABLE record; CREATE TABLE record (kind, id, sealed, until, PRIMARY KEY (kind, id))')
    const insert = rows.prepare('INSERT INTO record VALUES (?, ?, ?, NULL)')
    const sealed = vault.seal(Buffer.from('x'), { purpose: 'store', kind: 'code', id: 'a' })
    insert.run('code', 'a', sealed)
    insert.run('code', 'b', Buffer.from(sealed).toString())
    rows.close()
    const store = open()
    expect(store.get('code', 'a')).toBe('x')
    expect(codeOf(() => store.get('code', 'b'))).toBe('store.damaged')
    store.close()
  })

  test('names a damaged file and leaves it as it is', () => {
    const store = open()
    for (let n = 0; n < 300; n++) store.put('code', `${n}`, 'x'.repeat(100))
    store.close()
    const before = readFileSync(file)
    const scrambled = Buffer.from(before)
    scrambled.fill(0x5a, before.length - 8192) // rows that opening alone would not look at
    for (const bytes of [Buffer.from('this is not a database, by any reading of it'), scrambled]) {
      writeFileSync(file, bytes)
      expect(() => open()).toThrow(
        expect.objectContaining({ code: 'store.damaged', message: expect.stringContaining(file) }),
      )
      expect(readFileSync(file)).toEqual(bytes)
    }
    writeFileSync(file, before)
    open().close()
  })

  test('refuses a file of a newer version', () => {
    open().close()
    const rows = new DatabaseSync(file)
    rows.exec('PRAGMA user_version = 99')
    rows.close()
    expect(codeOf(open)).toBe('store.too_new')
  })

  test('says so when the file cannot be opened', () => {
    expect(codeOf(() => openStore({ file: join(folder, 'no', 'such'), vault, nowSeconds: () => 0 }))).toBe(
      'store.unavailable',
    )
  })
})
