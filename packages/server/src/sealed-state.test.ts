import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { decodeJwt } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { startTestProvider } from './identity-provider/testing/index.ts'
import { openVisit } from './identity-provider/testing/visitor.ts'
import { openStore, type Store } from './stores/index.ts'
import { openVault } from './vault/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-sealed-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
const open = (): Store => {
  const vault = openVault({ folder: join(folder, 'keys'), random: randomBytes })
  return openStore({ file: join(folder, 'state.sqlite'), vault, nowSeconds })
}

/** Every byte of the state folder, as a thief with a copy of it would search. */
function bytesOf(path: string): string {
  return readdirSync(path, { withFileTypes: true })
    .map((entry) => {
      const inner = join(path, entry.name)
      return entry.isDirectory() ? bytesOf(inner) : readFileSync(inner, 'latin1')
    })
    .join('\n')
}

test('a copy of the state folder shows no password hash, seed, passkey, recovery code, session or token', async () => {
  const store = open()
  const provider = await startTestProvider({ store })
  const visit = openVisit(provider)
  const sam = provider.users.find('sam')
  if (sam?.totpSecret === undefined) throw new Error('no sam')
  const passkey = {
    id: 'a-credential-id',
    publicKey: 'a-public-key-of-a-passkey',
    counter: 1,
    transports: ['internal'],
  }
  provider.users.put({
    ...sam,
    passkeys: [{ ...passkey, syncable: false, createdAtSeconds: 0 }],
    recoveryCodes: ['the-hash-of-a-recovery-code'],
  })
  const path = await visit.start({ scope: 'openid offline_access call', prompt: 'consent' })
  await visit.submit(`${path}/password`, { user: 'sam', password: visit.passwordOf('sam'), device_assertion: '' })
  const { location } = await visit.submit(`${path}/code`, { code: visit.codeOf('sam') })
  const wish = { purpose: 'new-user', user: 'kim', roles: [], sets: ['password'], lifetimeSeconds: 600 } as const
  const { link } = await provider.enrolments.open(wish)
  const tokens: { access_token: string; refresh_token: string } = JSON.parse((await visit.exchange(location)).body)
  const secrets: Readonly<Record<string, string>> = {
    'password hash': sam.passwordHash ?? '',
    'TOTP seed': sam.totpSecret,
    'passkey id': passkey.id,
    'passkey key': passkey.publicKey,
    'recovery code': 'the-hash-of-a-recovery-code',
    'refresh token': tokens.refresh_token,
    'access token': tokens.access_token,
    'enrolment code': new URL(link).pathname.slice('/enrolment/'.length),
    session: String(decodeJwt(tokens.access_token)['sid']),
    'signing key': JSON.parse(store.get('identity-provider', 'keys') ?? '{}').signing[0].d,
    'cookie key': JSON.parse(store.get('identity-provider', 'keys') ?? '{}').cookies[0],
  }
  const everything = ['user', 'sign-in', 'identity-provider', 'oidc-RefreshToken', 'oidc-Grant', 'oidc-Session']
  // The control: with the key all of it is there, a grant and a refresh token among it.
  const inside = everything.flatMap((kind) => store.ids(kind).map((id) => store.get(kind, id) ?? '')).join('\n')
  for (const name of ['password hash', 'TOTP seed', 'passkey key', 'recovery code', 'session', 'signing key']) {
    expect(inside.includes(secrets[name] ?? '?'), name).toBe(true)
  }
  expect(store.ids('oidc-RefreshToken').length).toBeGreaterThan(0)
  expect(store.ids('oidc-Grant').length).toBeGreaterThan(0)
  await provider.close()
  store.close()
  const copy = bytesOf(folder)
  expect(copy.length).toBeGreaterThan(10_000)
  expect(copy).toContain('oidc-RefreshToken') // kinds are readable, and found where they should be
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThan(8)
    expect(copy.includes(secret), name).toBe(false)
    expect(copy.includes(Buffer.from(secret).toString('base64').replace(/=+$/, '')), name).toBe(false)
  }
})

test('the state without its key, and the key of another state, open nothing', () => {
  const store = open()
  store.put('user', 'alice', 'a value')
  store.close()
  expect(open().get('user', 'alice')).toBe('a value') // the control
  rmSync(join(folder, 'keys'), { recursive: true })
  expect(() => open().get('user', 'alice')).toThrow(expect.objectContaining({ code: 'vault.unseal_failed' }))
})

test('the key without its state opens nothing: the root key alone is no vault, and a whole one holds nobody', () => {
  const store = open()
  store.put('user', 'alice', 'a value')
  store.close()
  const [keys, stolen] = [join(folder, 'keys'), join(folder, 'stolen')]
  mkdirSync(stolen, { mode: 0o700 })
  copyFileSync(join(keys, 'root.key'), join(stolen, 'root.key'))
  expect(() => openVault({ folder: stolen, random: randomBytes })).toThrow(
    expect.objectContaining({ code: 'vault.damaged' }),
  )
  copyFileSync(join(keys, 'data-keys.json'), join(stolen, 'data-keys.json'))
  const vault = openVault({ folder: stolen, random: randomBytes })
  const elsewhere = openStore({ file: join(stolen, 'state.sqlite'), vault, nowSeconds })
  expect([elsewhere.ids('user'), vault.secretNames()]).toEqual([[], []])
  elsewhere.close()
  // The control: with the state beside it, the same key opens it.
  copyFileSync(join(folder, 'state.sqlite'), join(stolen, 'state.sqlite'))
  const whole = openStore({ file: join(stolen, 'state.sqlite'), vault, nowSeconds })
  expect(whole.get('user', 'alice')).toBe('a value')
  whole.close()
})
