import type { App } from '@sallyport/manifest'
import { expect, test } from 'vitest'

import { portsOf } from './build.ts'

const door = (name: string, kind: string, to: string): App['doors'][number] =>
  ({ name, kind, to }) as App['doors'][number]
const doors = [
  door('mail', 'tcp', 'tcp://mail.example:2525'),
  door('books', 'postgres', 'postgres://books.example:5432'),
  door('archive', 'postgres', 'postgres://archive.example:5432'),
  door('ledger', 'tcp', 'tcp://ledger.example:9000'),
  door('stripe', 'http', 'https://api.stripe.example'),
  door('search', 'http', 'https://search.internal:9200'),
  door('plain', 'http', 'http://plain.internal'),
]
const app = { doors } as unknown as App
const using = (...targets: string[]): App['functions'][number] =>
  ({ can: targets.map((target) => ({ target })) }) as unknown as App['functions'][number]
const portsFor = (...targets: string[]): readonly number[] => portsOf(app, using(...targets))

test('a box listens for the doors that its function may use, each port once, and for no other', () => {
  expect(portsFor('books', 'mail', 'archive', 'stripe', 'search')).toEqual([2525, 5432, 9200])
  expect(portsFor('stripe', 'plain')).toEqual([])
  expect(portsFor()).toEqual([])
  expect(portsOf(app, using('books', 'search', 'mail'), ['http']), 'those on which requests are read').toEqual([9200])
})
