import { expect, test } from 'vitest'

import { accessOf } from '../../access/access-of.ts'
import { exampleText, faultsOf, mustLoad } from '../../testing/example.ts'

const withIssuer = (issuer: string): string => exampleText.replace('issuers:\n', `issuers:\n  ci: ${issuer}\n`)

test('an issuer of a known kind needs no more than an audience and who is meant', () => {
  const text = withIssuer('{ type: github-actions, audience: urn:shop, only: { repository_id: 74 }, holds: [admin] }')
  const { app } = mustLoad(text)
  expect(app.issuers.find((issuer) => issuer.kind === 'oidc')).toEqual({
    kind: 'oidc',
    name: 'ci',
    type: 'github-actions',
    issuer: 'https://token.actions.githubusercontent.com',
    audience: 'urn:shop',
    only: { repository_id: ['74'] },
    holds: ['admin'],
  })
  expect(accessOf(app).some((line) => line.includes('only repository_id 74; holds admin'))).toBe(true)
})

test.each([
  ['no audience', '{ type: github-actions, only: { repository_id: 74 } }', ['manifest.missing_key']],
  ['an unknown kind', '{ type: github, issuer: "https://a.example", audience: a }', ['manifest.wrong_type']],
  ['everybody', '{ type: github-actions, audience: urn:shop }', ['trust.everybody']],
  [
    'a wildcard',
    '{ type: github-actions, audience: urn:shop, only: { repository_owner_id: "6*" } }',
    ['trust.wildcard'],
  ],
  [
    'a name',
    '{ type: github-actions, audience: urn:shop, only: { repository_id: 74, repository: octo/shop } }',
    ['trust.name'],
  ],
  [
    'a role that is none',
    '{ type: github-actions, audience: urn:shop, only: { repository_id: 74 }, holds: [nobody] }',
    ['manifest.unresolved_name'],
  ],
  ['no issuer where there are many', '{ type: entra, audience: urn:shop }', ['manifest.missing_key']],
  [
    'any tenant',
    '{ type: entra, issuer: "https://login.microsoftonline.com/common/v2.0", audience: urn:shop }',
    ['trust.address'],
  ],
])('an issuer with %s is a fault', (_, issuer, codes) => {
  expect(faultsOf(withIssuer(issuer)).map(({ code }) => code)).toEqual(codes)
})

test('a fault of trust stands at the condition that it is about', () => {
  const text = withIssuer('{ type: gitlab, audience: a, only: { project_id: 1, project_path: my/shop } }')
  const [fault] = faultsOf(text)
  const line = text.split('\n')[(fault?.line ?? 0) - 1] ?? ''
  expect(line.slice((fault?.column ?? 0) - 1)).toMatch(/^project_path/)
})
