import { expect, test } from 'vitest'

import { blockAt, chooseBlock, isServerUid, takenIn } from './uid-block.ts'

const stateFolder = '/srv/shop/.sallyport'
const own = chooseBlock({ stateFolder }, []).server

test('the server, the builder and every function have uids of their own, in a thousand that no other app has', () => {
  const { server, builder, functions } = blockAt(own)
  expect(new Set([server, builder, functions.first]).size).toBe(3)
  expect(functions.first + functions.count).toBe(server + 1_000)
  expect(isServerUid(server)).toBe(true)
  expect(chooseBlock({ stateFolder: '/srv/other/.sallyport' }, []).server).not.toBe(own)
})

test('the same folder has the same block, and a folder that was moved the one it had', () => {
  expect(chooseBlock({ stateFolder }, []).server).toBe(own)
  expect(chooseBlock({ stateFolder: '/elsewhere', owner: own }, []).server).toBe(own)
})

test('a folder of somebody who is no server names no block', () => {
  for (const owner of [0, 1000, own + 1]) expect(chooseBlock({ stateFolder, owner }, []).server, `${owner}`).toBe(own)
})

test('uids that somebody has are passed over, to the next block', () => {
  for (const taken of [
    takenIn(`shop:x:${own + 7}:100::/:/bin/sh`, ''),
    takenIn('', `shop:${own - 65_536}:65537`),
    takenIn('', `shop:${own + 999}:65536`),
  ])
    expect(chooseBlock({ stateFolder }, taken).server).not.toBe(own)
  expect(chooseBlock({ stateFolder }, takenIn('', `shop:${own + 1_000}:65536\nshop:${own - 10}:10`)).server).toBe(own)
})

test('a block that was named, or that the state is in, is refused when somebody has some of it', () => {
  const taken = takenIn(`shop:x:${own + 7}:100::/:/bin/sh`, '')
  expect(() => chooseBlock({ stateFolder, asked: own }, taken)).toThrowError(/in use/)
  expect(() => chooseBlock({ stateFolder, owner: own }, taken)).toThrowError(/in use/)
  expect(chooseBlock({ stateFolder, asked: 70_000 }, taken).server).toBe(70_000)
})

test('a machine on which every block is in use is told so, rather than that two apps share one', () => {
  expect(() => chooseBlock({ stateFolder }, [[0, 4_294_967_295]])).toThrow(
    expect.objectContaining({ code: 'server.uids_taken' }),
  )
})

test('lines that are no accounts give nothing out', () => {
  expect(takenIn('# a comment\n\n+::::::\nnobody:x:65534:65534::/:/bin/false', 'x:y:z\n')).toEqual([[65_534, 65_534]])
})
