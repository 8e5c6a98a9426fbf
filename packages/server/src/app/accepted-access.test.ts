import { loadManifest } from '@sallyport/manifest'
import { expect, test } from 'vitest'

import { compareAccess } from './accepted-access.ts'
import { powersOf } from './role-powers.ts'

const manifest = `app: shop
issuers: { embedded: { users: { ann: [clerk], eve: [boss] } } }
people:
  clerk: { countries: [CH] }
  boss: { mfa: true, jit: { max: 1h, approvers: [boss], reason: required } }
zones: { public: { from: [internet] } }
functions:
  till:
    zone: public
    code: till.ts
    routes:
      GET /day: { who: [clerk], limit: 10/m }
      POST /void: { who: [boss] }
only:
  - clerk -> GET /day
`

const load = (text: string) => {
  const loaded = loadManifest('/app', {
    readBytes: () => undefined,
    readFile: (path) => (path.endsWith('.yaml') ? text : 'export const handler = 1'),
    realpath: (path) => path,
    sha256: (bytes) => Buffer.from(bytes).toString('hex').slice(-64),
    environment: {},
  })
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join('\n'))
  return loaded.app
}
const kept = compareAccess(undefined, load(manifest)).accepted
const edited = (from: string, to: string) => {
  expect(manifest).toContain(from)
  return load(manifest.replace(from, to))
}
const change = (from: string, to: string) => compareAccess(kept, edited(from, to))

test('the first manifest of a folder is its author’s own, and is listed whole', () => {
  const first = compareAccess(undefined, load(manifest))
  expect(first.broadens).toBe(false)
  expect(first.lines).toContain('+ clerk may call GET /day (till)')
})

test('the same manifest again changes nothing', () => {
  expect(compareAccess(kept, load(manifest))).toMatchObject({ lines: [], broadens: false })
})

test.each([
  ['a role at a route', 'GET /day: { who: [clerk]', 'GET /day: { who: [clerk, boss]'],
  ['a role that needs no elevation any more', ', jit: { max: 1h, approvers: [boss], reason: required }', ''],
  ['a route without its limit', ', limit: 10/m', ''],
  ['an invariant that is gone', 'only:\n  - clerk -> GET /day\n', ''],
  ['another user with a role', 'ann: [clerk]', 'ann: [clerk, boss]'],
])('%s broadens', (_what, from, to) => {
  expect(change(from, to).broadens).toBe(true)
})

test.each([
  ['a new invariant', 'only:\n', 'only:\n  - boss -> POST /void\n'],
  ['a limit where there was none', 'POST /void: { who: [boss] }', 'POST /void: { who: [boss], limit: 1/m }'],
  ['a second factor where there was none', 'clerk: { countries', 'clerk: { mfa: true, countries'],
  ['a shorter elevation', 'max: 1h', 'max: 30m'],
])('%s does not', (_what, from, to) => {
  const { lines, broadens } = change(from, to)
  expect(lines.length).toBeGreaterThan(0)
  expect(broadens).toBe(false)
})

const powers = powersOf(load(manifest), 'boss')

test.each([
  ['what the role may call', 'GET /day: { who: [clerk]', 'GET /day: { who: [clerk, boss]'],
  ['that anyone may call what the role may', 'who: [boss]', 'who: [anyone]'],
  ['the second factor', 'mfa: true, ', ''],
  ['how long it is held', 'max: 1h', 'max: 2h'],
  ['who approves', 'approvers: [boss]', 'approvers: [clerk]'],
  ['whether a reason is asked for', 'reason: required', 'reason: optional'],
])('an approval is for other powers once this changes: %s', (_what, from, to) => {
  expect(powersOf(edited(from, to), 'boss')).not.toBe(powers)
})

test('an approval stands while something else changes', () => {
  expect(powersOf(edited('countries: [CH]', 'countries: [CH, DE]'), 'boss')).toBe(powers)
})
