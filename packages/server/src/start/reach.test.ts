import { realpathSync } from 'node:fs'

import { expect, test } from 'vitest'

import { neededPaths, type Reach, reachOf } from './reach.ts'

/** Folders that root alone may enter; all others are everybody's. */
const reach = (paths: readonly string[], closed: readonly string[]): Reach =>
  reachOf(paths, (folder) => (closed.includes(folder) ? 0o40700 : 0o40755))

test('what everybody can reach needs no view of the files', () => {
  expect(reach(['/srv/app', '/opt/product'], ['/root', '/srv/app/.sallyport'])).toEqual({ covers: [], shown: [] })
})

test('a needed folder that is closed itself is not laid over: whoever needs it must be able to enter it', () => {
  expect(reach(['/srv/app'], ['/srv/app'])).toEqual({ covers: [], shown: [] })
})

test('below a closed folder, the highest one is laid over, and what is needed of it is shown', () => {
  const paths = ['/root/app/shop', '/srv/app', '/home/eve/bin/node']
  expect(reach(paths, ['/root', '/root/app', '/home/eve'])).toEqual({
    covers: ['/home/eve', '/root'],
    shown: ['/home/eve/bin/node', '/root/app/shop'],
  })
})

test('of two needed folders one in the other, the outer one shows both; what is closed in it stays so', () => {
  const { covers, shown } = reach(['/root/app/shop', '/root/app', '/root/appserver'], ['/root', '/root/app/shop'])
  expect([covers, shown]).toEqual([['/root'], ['/root/app', '/root/appserver']])
})

test('the product, Node, what modules are found in, and the folders of certificates are needed', () => {
  const needed = neededPaths(import.meta.dirname, [import.meta.filename])
  expect(needed).toContain(realpathSync(process.execPath))
  expect(needed).toContain(realpathSync(import.meta.dirname))
  for (const end of ['/packages/server', '/packages/core', '/packages/manifest', '/node_modules'])
    expect(
      needed.some((path) => path.endsWith(end)),
      end,
    ).toBe(true)
})
