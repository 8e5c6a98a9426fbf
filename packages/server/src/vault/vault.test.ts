import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { SallyportError, Secret } from '@sallyport/core/access'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openVault, type Vault } from './index.ts'
import { formatRootKey } from './root-key.ts'

let state: string
let folder: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'sallyport-vault-'))
  folder = join(state, 'keys')
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

const open = (): Vault => openVault({ folder, random: randomBytes })
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const context = { purpose: 'store', name: 'session' }

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof SallyportError) return error.code
    throw error
  }
  return undefined
}

describe('sealing', () => {
  test('gives back what was sealed, also after a restart, and never the same bytes twice', () => {
    const sealed = open().seal(Buffer.from('hello'), context)
    expect(text(open().unseal(sealed, context))).toBe('hello')
    expect(open().seal(Buffer.from('hello'), context)).not.toEqual(sealed)
    expect(text(open().unseal(open().seal(new Uint8Array(), context), context))).toBe('')
  })

  test('does not depend on the order in which a context is written', () => {
    const vault = open()
    const sealed = vault.seal(Buffer.from('x'), { purpose: 'a', one: '1', two: '2' })
    expect(text(vault.unseal(sealed, { two: '2', one: '1', purpose: 'a' }))).toBe('x')
  })

  test.each([
    ['another purpose', { purpose: 'secret', name: 'session' }],
    ['another name', { purpose: 'store', name: 'other' }],
    ['less context', { purpose: 'store' }],
    ['more context', { ...context, more: '' }],
  ])('refuses %s', (_, other) => {
    const vault = open()
    const sealed = vault.seal(Buffer.from('hello'), context)
    vault.seal(Buffer.from('hello'), { purpose: other.purpose })
    expect(codeOf(() => vault.unseal(sealed, other))).toBe('vault.unseal_failed')
    expect(codeOf(() => vault.unseal(sealed, context))).toBeUndefined()
  })

  test('refuses a change of any byte, and any shorter piece', () => {
    const vault = open()
    const sealed = vault.seal(Buffer.from('hello'), context)
    for (let offset = 0; offset < sealed.length; offset++) {
      const changed = Uint8Array.from(sealed)
      changed[offset] = (changed[offset] ?? 0) ^ 1
      expect(codeOf(() => vault.unseal(changed, context))).toBe('vault.unseal_failed')
      expect(codeOf(() => vault.unseal(sealed.subarray(0, offset), context))).toBe('vault.unseal_failed')
    }
  })

  test('reads what older data keys sealed after a rotation', () => {
    const vault = open()
    const before = vault.seal(Buffer.from('before'), context)
    expect(vault.rotateDataKey('store')).toBe(2)
    const after = vault.seal(Buffer.from('after'), context)
    expect(after.subarray(0, 9)).not.toEqual(before.subarray(0, 9))
    const reopened = open()
    expect([before, after].map((sealed) => text(reopened.unseal(sealed, context)))).toEqual(['before', 'after'])
  })
})

describe('secrets', () => {
  test('are kept in generations, the newest in use', async () => {
    const vault = open()
    expect(vault.hasSecret('stripe-key')).toBe(false)
    expect(vault.useSecret('stripe-key')).toBeUndefined()
    expect(await vault.setSecret('stripe-key', new Secret('sk_1'))).toBe(1)
    expect(await vault.setSecret('stripe-key', new Secret('sk_2'))).toBe(2)
    const reopened = open()
    expect(reopened.useSecret('stripe-key')?.reveal()).toBe('sk_2')
    expect(reopened.useSecret('stripe-key', 1)?.reveal()).toBe('sk_1')
    expect(reopened.useSecret('stripe-key', 3)).toBeUndefined()
    expect(reopened.secretNames()).toEqual(['stripe-key'])
  })

  test('stand nowhere on disk and in no text of the vault', async () => {
    const vault = open()
    await vault.setSecret('sallyport/ledger-key', new Secret('very-secret-value'))
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
    expect(files).toHaveLength(3)
    for (const path of files) expect(readFileSync(path, 'utf8')).not.toContain('very-secret-value')
    expect(inspect([vault, vault.useSecret('sallyport/ledger-key')], { depth: 9 })).not.toContain('very-secret-value')
  })

  test('cannot be swapped with one another', async () => {
    const vault = open()
    await vault.setSecret('a', new Secret('one'))
    await vault.setSecret('b', new Secret('two'))
    const [a, b] = ['a', 'b'].map((name) => join(folder, 'secrets', `${name}.json`))
    writeFileSync(a ?? '', readFileSync(b ?? '', 'utf8').replace('"name": "b"', '"name": "a"'))
    expect(codeOf(open)).toBe('vault.damaged')
  })

  test('are in no file whose name is none of ours', async () => {
    await open().setSecret('a', new Secret('one'))
    const path = join(folder, 'secrets', '%E0%A4.json')
    writeFileSync(path, readFileSync(join(folder, 'secrets', 'a.json')), { mode: 0o600 })
    expect(open).toThrow(expect.objectContaining({ code: 'vault.damaged', message: expect.stringContaining(path) }))
  })

  test('cannot be put back in the place of a newer one', async () => {
    await open().setSecret('a', new Secret('stolen'))
    await open().setSecret('a', new Secret('new'))
    const path = join(folder, 'secrets', 'a.json')
    const kept = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...kept, generations: [kept.generations[0], kept.generations[0]] }))
    expect(codeOf(open)).toBe('vault.damaged')
  })

  test('are as they were before when a change was cut short', async () => {
    await open().setSecret('a', new Secret('one'))
    const half = readFileSync(join(folder, 'secrets', 'a.json')).subarray(0, 30)
    writeFileSync(join(folder, 'secrets', 'a.json.next'), half)
    writeFileSync(join(folder, 'data-keys.json.next'), half)
    const vault = open()
    expect(vault.useSecret('a')?.reveal()).toBe('one')
    expect(await vault.setSecret('a', new Secret('two'))).toBe(2)
    expect(open().useSecret('a')?.reveal()).toBe('two')
  })

  test('have a size', async () => {
    const vault = open()
    for (const value of ['', 'x'.repeat(65_537)]) {
      await expect(vault.setSecret('a', new Secret(value))).rejects.toMatchObject({ code: 'vault.secret_size' })
    }
    expect(vault.hasSecret('a')).toBe(false)
    expect(await vault.setSecret('a', new Secret('x'.repeat(65_536)))).toBe(1)
    expect(vault.hasSecret('a')).toBe(true)
  })

  test.each(['', '../a', 'a b', 'a\n', 'a'.repeat(129)])('are not named %j', async (name) => {
    const vault = open()
    await expect(vault.setSecret(name, new Secret('x'))).rejects.toMatchObject({ code: 'vault.secret_name' })
  })
})

describe('the files', () => {
  test('are made on the first run for their owner alone', () => {
    open().seal(new Uint8Array(), context)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of ['root.key', 'data-keys.json']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  })

  test('are taken from nobody else: the refusal names the command that mends it', () => {
    open()
    chmodSync(join(folder, 'root.key'), 0o640)
    const fix = `chmod 600 ${join(folder, 'root.key')}`
    expect(open).toThrow(expect.objectContaining({ code: 'vault.permissions', fix }))
    chmodSync(join(folder, 'root.key'), 0o600)
    chmodSync(folder, 0o750)
    expect(codeOf(open)).toBe('vault.permissions')
    chmodSync(folder, 0o700)
    expect(codeOf(open)).toBeUndefined()
  })

  test.skipIf(process.getuid?.() !== 0)('of another owner are refused (as root)', () => {
    open()
    chownSync(join(folder, 'root.key'), 12345, 12345)
    expect(codeOf(open)).toBe('vault.permissions')
  })

  test('are not followed through a symbolic link', () => {
    open()
    renameSync(join(folder, 'root.key'), join(state, 'elsewhere'))
    symlinkSync(join(state, 'elsewhere'), join(folder, 'root.key'))
    expect(codeOf(open)).toBe('vault.permissions')
  })

  const files = ['root.key', 'data-keys.json', 'secrets/a.json']
  test.each(files)('%s, when damaged, is named and left alone', async (name) => {
    const first = open()
    await first.setSecret('a', new Secret('one'))
    const path = join(folder, name)
    const before = readFileSync(path)
    for (const bytes of [Buffer.alloc(0), before.subarray(0, -9), Buffer.from('{}'), flipped(before)]) {
      writeFileSync(path, bytes)
      expect(open).toThrow(expect.objectContaining({ code: 'vault.damaged', message: expect.stringContaining(path) }))
      expect(readFileSync(path)).toEqual(bytes)
    }
    writeFileSync(path, before)
    expect(open().useSecret('a')?.reveal()).toBe('one')
  })

  const changed: readonly (readonly [string, (it: string) => string, string])[] = [
    ['root.key', (it: string) => it.replace('-1 ', '-2 '), 'of another format'],
    ['root.key', (it: string) => `${it.trimEnd()} more`, 'with more in it'],
    ['root.key', () => formatRootKey(Buffer.alloc(16)), 'too short'],
    ['data-keys.json', (it: string) => it.replace('"version": 1', '"version": 2'), 'of another version'],
    ['data-keys.json', () => '{"version":1,"keys":{}}', 'without a list'],
    ['data-keys.json', () => '{"version":1}', 'without keys'],
    ['data-keys.json', () => 'null', 'of nothing'],
    ['data-keys.json', () => '{"version":1,"keys":[null]}', 'with a key that is none'],
    ['data-keys.json', (it: string) => it.replace(/"generation": \d+/, '"generation": 1.5'), 'with half a key'],
    ['data-keys.json', (it: string) => it.replace(/"sealed": ".*"/, '"sealed": 1'), 'with an unsealed key'],
    ['data-keys.json', (it: string) => it.replace(/"purpose": ".*"/, '"purpose": 1'), 'for no purpose'],
    ['data-keys.json', (it: string) => it.replace(/"id": ".*"/, '"id": "ab"'), 'with a short id'],
    ['data-keys.json', (it: string) => it.replace('"generation": 1', '"generation": 2'), 'renumbered'],
    ['secrets/a.json', (it: string) => it.replace('"version": 1', '"version": 2'), 'of another version'],
    ['secrets/a.json', (it: string) => it.replace('"name": "a"', '"name": "b"'), 'that names another'],
    ['secrets/a.json', () => '{"version":1,"name":"a","generations":[]}', 'without a generation'],
    ['secrets/a.json', (it: string) => it.replace(/\[\s*"[^"]*"/, '[1'), 'with a generation that is none'],
    ['secrets/a.json', () => '{"version":1,"name":"a","generations":"x"}', 'without a list'],
    ['secrets/a.json', () => 'null', 'of nothing'],
  ]
  for (const [name, change, what] of changed) {
    test(`${name} ${what} is not taken`, async () => {
      await open().setSecret('a', new Secret('one'))
      await open().setSecret('a', new Secret('two'))
      const path = join(folder, name)
      const before = readFileSync(path, 'utf8')
      writeFileSync(path, change(before))
      expect(readFileSync(path, 'utf8')).not.toBe(before)
      expect(open).toThrow(expect.objectContaining({ code: 'vault.damaged', message: expect.stringContaining(path) }))
      writeFileSync(path, before)
      expect(codeOf(open)).toBeUndefined()
    })
  }

  test('are files, and their folders folders', () => {
    open()
    const key = join(folder, 'root.key')
    const before = readFileSync(key)
    rmSync(key)
    mkdirSync(key, { mode: 0o700 })
    expect(codeOf(open)).toBe('vault.permissions')
    rmSync(key, { recursive: true })
    writeFileSync(key, before, { mode: 0o600 })
    const secrets = join(folder, 'secrets')
    chmodSync(secrets, 0o755)
    expect(codeOf(open)).toBe('vault.permissions')
    rmSync(secrets, { recursive: true })
    writeFileSync(secrets, '', { mode: 0o600 })
    expect(codeOf(open)).toBe('vault.permissions')
    rmSync(secrets)
    mkdirSync(join(state, 'elsewhere'), { mode: 0o700 })
    symlinkSync(join(state, 'elsewhere'), secrets)
    expect(codeOf(open)).toBe('vault.permissions')
    rmSync(secrets)
    expect(codeOf(open)).toBeUndefined()
  })

  test.each(['root.key', 'data-keys.json'])('%s, when missing, is never made anew', (name) => {
    open()
    rmSync(join(folder, name))
    expect(codeOf(open)).toBe('vault.damaged')
    expect(readdirSync(folder)).not.toContain(name)
  })

  test('of a first run that was cut short are made again', () => {
    mkdirSync(`${folder}.next`)
    writeFileSync(join(`${folder}.next`, 'data-keys.json'), 'half')
    mkdirSync(folder, { mode: 0o700 })
    expect(codeOf(open)).toBeUndefined()
    expect(readdirSync(state)).toEqual(['keys'])
  })
})

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = Math.floor(copy.length / 2) + 12
  copy[middle] = copy[middle] === 0x41 ? 0x42 : 0x41
  return copy
}
