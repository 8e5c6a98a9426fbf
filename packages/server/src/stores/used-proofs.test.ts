import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { openUsedProofs, type UsedProofs } from './used-proofs.ts'

let folder: string
let now: number
const open: UsedProofs[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'used-proofs-'))
  now = 1_000
})

afterEach(() => {
  for (const proofs of open.splice(0)) proofs.close()
  rmSync(folder, { recursive: true })
})

const file = (): string => join(folder, 'used')

function reopen(capacity = 10): UsedProofs {
  const proofs = openUsedProofs({ file: file(), capacity, nowSeconds: () => now, onTrouble: () => undefined })
  open.push(proofs)
  return proofs
}

test('a proof that was used is known after a crash: nothing is closed, another process opens', () => {
  expect(reopen().use('a', 1_060, now)).toBe('first')
  expect(reopen().use('a', 1_060, now)).toBe('again')
  expect(reopen().use('b', 1_060, now)).toBe('first')
  now = 1_060
  expect(reopen().use('a', 1_120, now)).toBe('first') // long over
})

test('a line that was cut off spoils none after it', () => {
  expect(reopen().use('a', 1_060, now)).toBe('first')
  appendFileSync(file(), '\n10')
  expect(reopen().use('b', 1_060, now)).toBe('first')
  const last = reopen()
  expect([last.use('a', 1_060, now), last.use('b', 1_060, now)]).toEqual(['again', 'again'])
})

test('is as full after a restart as it was before', () => {
  expect(reopen(1).use('a', 1_060, now)).toBe('first')
  expect(reopen(1).use('b', 1_060, now)).toBe('full')
})

test('the file stays small, and is for its owner alone', () => {
  const proofs = reopen(5)
  for (let second = 0; second < 200; second++) {
    now = 1_000 + second * 60
    expect(proofs.use(`id-${second}`, now + 60, now)).toBe('first')
  }
  expect(readFileSync(file(), 'utf8').split('\n').length).toBeLessThan(15)
  expect(reopen(5).use('id-199', now + 60, now)).toBe('again')
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

test('what cannot be written down is refused, and somebody is told', () => {
  const troubles: unknown[] = []
  const proofs = openUsedProofs({
    file: file(),
    capacity: 10,
    nowSeconds: () => now,
    onTrouble: (cause) => troubles.push(cause),
  })
  proofs.close()
  expect(proofs.use('a', 1_060, now)).toBe('full')
  expect(troubles).toHaveLength(1)
})

test('a folder that is gone is said when it is opened', () => {
  const options = { capacity: 1, nowSeconds: () => now, onTrouble: () => undefined }
  expect(() => openUsedProofs({ ...options, file: join(folder, 'gone', 'used') })).toThrow(
    expect.objectContaining({ code: 'store.unavailable' }),
  )
})
