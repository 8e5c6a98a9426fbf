import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { makeHolderKey } from '../bound/index.ts'
import { loginFile } from './kept-login.ts'

const issuer = 'https://localhost:8444'
let home: string
const file = (of = issuer): ReturnType<typeof loginFile> => loginFile(of, { XDG_CONFIG_HOME: home })
const kept = { issuer, key: makeHolderKey(), accessToken: 'access', refreshToken: 'refresh', expiresAt: 1 }

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-login-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('a sign-in is kept where its owner alone may read it', () => {
  file().write(kept)
  expect(file().read()).toEqual(kept)
  expect(statSync(file().path).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(file().path)).mode & 0o777).toBe(0o700)
})

test('a sign-in that others may read is no longer one, except to be ended', () => {
  file().write(kept)
  chmodSync(file().path, 0o640)
  expect(() => file().read()).toThrow(expect.objectContaining({ code: 'cli.login_file' }))
  expect(file().read(true)).toEqual(kept)
})

test('a sign-in at one issuer is none at another', () => {
  file().write(kept)
  const other = file('https://evil.example')
  other.write({ ...kept })
  expect(other.read()).toBeUndefined()
  expect(file().read()).toEqual(kept)
})

test('the key of this device stays, unless others could read it', () => {
  const key = file().deviceKey()
  expect(file().deviceKey()).toEqual(key)
  const path = file().path.replace(/\.json$/, '.key.json')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  chmodSync(path, 0o604)
  expect(file().deviceKey()).not.toEqual(key)
})

test('a key that is none is made anew', () => {
  const { path, deviceKey } = file()
  deviceKey()
  for (const broken of ['', '[]', '{"privateJwk":"x"}']) {
    writeFileSync(path.replace(/\.json$/, '.key.json'), broken)
    const key = deviceKey()
    expect([key.privateJwk['kty'], deviceKey()]).toEqual(['EC', key])
  }
})

test('a sign-in that cannot be read is not taken for none', () => {
  mkdirSync(file().path, { recursive: true })
  chmodSync(file().path, 0o700)
  expect(() => file().read()).toThrow(expect.objectContaining({ code: 'EISDIR' }))
})

test('what is no whole sign-in is none', () => {
  file().write(kept)
  for (const broken of [
    '',
    '{',
    '[]',
    JSON.stringify({ ...kept, key: 'x' }),
    JSON.stringify({ ...kept, expiresAt: '1' }),
  ]) {
    writeFileSync(file().path, broken)
    expect(file().read(), broken).toBeUndefined()
  }
})

test('of commands that hold it at once, one after the other does', async () => {
  const order: string[] = []
  await Promise.all(
    ['a', 'b'].map((name) =>
      file().whileHeld(async () => {
        order.push(name)
        await new Promise((resolve) => setTimeout(resolve, 20))
        order.push(name)
      }),
    ),
  )
  expect(order[0]).toBe(order[1])
  expect(order[2]).toBe(order[3])
})
