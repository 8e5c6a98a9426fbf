import type { App } from '@sallyport/manifest'
import { expect, test } from 'vitest'

import { tunnelPorts } from './build.ts'

const door = (name: string, kind: string, to: string): App['doors'][number] =>
  ({ name, kind, to }) as App['doors'][number]
const doors = [
  door('mail', 'tcp', 'tcp://mail.example:2525'),
  door('books', 'postgres', 'postgres://books.example:5432'),
  door('archive', 'postgres', 'postgres://archive.example:5432'),
  door('ledger', 'tcp', 'tcp://ledger.example:9000'),
  door('stripe', 'http', 'https://api.stripe.example:8443'),
]
const portsOf = (...targets: string[]): readonly number[] =>
  tunnelPorts(
    { doors } as unknown as App,
    { can: targets.map((target) => ({ target })) } as unknown as App['functions'][number],
  )

test('a box listens for the tunnels that its function may open, each port once, and for no other', () => {
  expect(portsOf('books', 'mail', 'archive', 'stripe')).toEqual([2525, 5432])
  expect(portsOf('stripe')).toEqual([])
  expect(portsOf()).toEqual([])
})
