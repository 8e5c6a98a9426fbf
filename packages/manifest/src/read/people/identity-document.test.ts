import { readFileSync } from 'node:fs'

import { issuerKinds } from '@sallyport/core/identity'
import { expect, it } from 'vitest'

import { mustLoad } from '../../testing/example.ts'

const document = readFileSync(new URL('../../../../../docs/identity.md', import.meta.url), 'utf8')

it('the manifest that docs/identity.md shows is one that loads, and its table names every kind', () => {
  const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(document) ?? []
  const people = 'people: { customer: {}, deployer: {} }\n'
  const rest = 'zones: { inner: { from: [] } }\nfunctions: { one: { zone: inner, code: src/orders.ts } }\n'
  const { app } = mustLoad(`app: shown\n${people}${rest}${shown}`)
  expect(app.issuers.map((issuer) => (issuer.kind === 'oidc' ? (issuer.type ?? 'standard') : issuer.kind))).toEqual([
    'embedded',
    'entra',
    'github-actions',
    'standard',
  ])
  for (const kind of Object.keys(issuerKinds)) expect(document).toContain(`| \`${kind}\` |`)
})

it('the upstreams that docs/operators.md shows load', () => {
  const operators = readFileSync(new URL('../../../../../docs/operators.md', import.meta.url), 'utf8')
  const shown = [...operators.matchAll(/```yaml\n([\s\S]*?)```/g)].find(([, text]) => text?.includes('upstreams:'))?.[1]
  const rest = 'zones: { inner: { from: [] } }\nfunctions: { one: { zone: inner, code: src/orders.ts } }\n'
  const [embedded] = mustLoad(`app: shown\n${rest}${shown ?? ''}`).app.issuers
  const upstreams = embedded?.kind === 'embedded' ? embedded.upstreams : []
  expect(upstreams?.map(({ name }) => name)).toEqual(['google', 'company', 'staff'])
})
