import { expect, test } from 'vitest'

import { bystander, hasUids, readRights, uidOutside } from './rights.ts'
import { blockAt, mappingOf } from './uid-block.ts'

const everyUid = '         0          0 4294967295\n'
const dropped = '         0 1900000000          1\n1900000001 1900000001        999\n'

test('root is root where the kernel says that uid 0 is the machine’s', () => {
  expect(readRights(0, () => everyUid)).toEqual({ kind: 'root' })
})

test('an ordinary user is one, whatever is mapped', () => {
  for (const map of [everyUid, dropped]) expect(readRights(1000, () => map)).toEqual({ kind: 'user' })
})

test('a server without root knows its block from the kernel’s map', () => {
  expect(readRights(0, () => dropped)).toEqual({ kind: 'dropped', block: blockAt(1_900_000_000) })
  expect(
    dropped
      .trim()
      .split(/\n */)
      .map((line) => line.split(/ +/).join(' '))
      .join('\n'),
  ).toBe(mappingOf(blockAt(1_900_000_000)))
})

test('root of any other namespace is root: a container’s, one with a uid more, one that maps root itself', () => {
  for (const map of ['0 100000 65536\n', '0 1000 1\n', `${dropped}5 5 1\n`, '0 0 1\n1 1 999\n0 0 1\n'])
    expect(
      readRights(0, () => map),
      map,
    ).toEqual({ kind: 'root' })
})

test('a block that begins with root’s own uid is no block', () => {
  expect(readRights(0, () => '0 0 1\n1 1 999\n')).toEqual({ kind: 'root' })
})

test('is called by the uid that others see, and tries things as nobody', () => {
  const rights = readRights(0, () => dropped)
  expect(uidOutside(rights)).toBe(1_900_000_000)
  expect(bystander(rights)).toEqual({ uid: 1_900_000_001, gid: 1_900_000_001 })
  expect(bystander({ kind: 'root' })).toEqual({ uid: 65_534, gid: 65_534 })
  expect(bystander({ kind: 'user' })).toEqual({})
})

test('root of a container has the uids that were mapped for it, and no block beyond them', () => {
  const block = blockAt(1_900_000_000)
  expect(hasUids(block, everyUid)).toBe(true)
  for (const map of ['0 1000 1\n', '0 100000 65536\n', '0 0 1900000999\n', '1900000001 5 4000\n'])
    expect(hasUids(block, map), map).toBe(false)
  expect(hasUids(block, '0 100000 65536\n1900000000 1900000000 1000\n')).toBe(true)
})
