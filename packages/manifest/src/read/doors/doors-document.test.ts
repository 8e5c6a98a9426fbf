import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { mustLoad } from '../../testing/example.ts'

const document = readFileSync(new URL('../../../../../docs/doors.md', import.meta.url), 'utf8')

it('the manifest that docs/doors.md shows is one that loads', () => {
  const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(document) ?? []
  const { app } = mustLoad(
    `app: shown\nzones: { inner: { from: [] } }\n${shown}functions: { one: { zone: inner, code: src/orders.ts } }\n`,
  )
  expect(app.doors.map(({ name }) => name)).toEqual([
    'stripe',
    'maps',
    'bank',
    'crm',
    'partner',
    'orders-db',
    'cache',
    'vendor',
  ])
  expect(app.doors[0]?.ops.find(({ name }) => name === 'charge')).toMatchObject({ retries: 2 })
})
