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
