import { describe, expect, it } from 'vitest'

import { edited, exampleText, load, mustLoad } from '../testing/example.ts'
import { accessDiff } from './access-diff.ts'
import { accessOf } from './access-of.ts'
import { policyOf } from './policy-of.ts'
import { loosenings, narrowings } from '../testing/loosenings.ts'

const { app, compiled } = mustLoad()

describe('the access list', () => {
  it('of the example is what a reviewer has read', async () => {
    await expect(`${accessOf(app).join('\n')}\n`).toMatchFileSnapshot('../testing/checkout.access.txt')
  })
})

describe('the access diff', () => {
  it('between an app and itself is empty', () => {
    expect(accessDiff(app, mustLoad().app)).toEqual({ lines: [], broadens: false })
  })

  it('says what was gained and what was lost', () => {
    const more = mustLoad(
      edited(
        'stripe: { charge: any,',
        'stripe: { charge: any, balance: any,',
        edited(
          'refund: POST /v1/refunds',
          'refund: POST /v1/refunds, balance: GET /v1/balance',
          edited('    - payments -> GET https://api.stripe.com/v1/balance\n', ''),
        ),
      ),
    ).app
    expect(accessDiff(app, more)).toEqual({
      lines: expect.arrayContaining(['+ payments may now use stripe.balance']),
      broadens: true,
    })
    expect(accessDiff(more, app)).toMatchObject({
      lines: expect.arrayContaining(['- payments may no longer use stripe.balance']),
    })
  })

  const bare = withoutStatements(exampleText)

  it('catches every single-step loosening, on its own', { timeout: 60_000 }, () => {
    const before = mustLoad(bare).app
    expect(loosenings.length).toBeGreaterThanOrEqual(50)
    for (const { what, from, to, files } of loosenings) {
      // Its own statements may refuse it first; the diff must see it even where they would not.
      const text = edited(from, to, bare)
      const loosened = mustLoad(text, files)
      expect(accessDiff(before, loosened.app), what).toMatchObject({
        broadens: true,
      })
    }
  })

  it('lets a narrowing pass without calling it broader', { timeout: 60_000 }, () => {
    for (const { what, from, to } of narrowings) {
      const diff = accessDiff(
        mustLoad(withoutStatements(exampleText)).app,
        mustLoad(edited(from, to, withoutStatements(exampleText))).app,
      )
      expect(diff.lines.length, what).toBeGreaterThan(0)
      expect(diff.broadens, `${what}: ${diff.lines.join(' | ')}`).toBe(false)
    }
  })

  it('counts other layers and another runtime as other code', () => {
    for (const other of [{ layers: [`${app.folder}/layers/common`] }, { runtime: 'bootstrap' as const }]) {
      const functions = app.functions.map((one) => (one.name === 'payments' ? { ...one, ...other } : one))
      const { lines, broadens } = accessDiff(app, { ...app, functions })
      expect(broadens).toBe(true)
      expect(lines).toHaveLength(2)
    }
  })

  it('proves of an attached document that it lets nothing more happen', () => {
    const text = edited(
      'can: { email: [send] }',
      'can: { email: [send] }\n    policies: [policies/p.json]',
      withoutStatements(exampleText),
    )
    const attached = (Action: string, more: readonly object[] = []) => {
      const Resource = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
      const Statement = [{ Effect: 'Allow', Action, Resource, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }]
      const document = { Version: '2012-10-17', Statement: [...Statement, ...more] }
      return mustLoad(text, { 'policies/p.json': JSON.stringify(document) }).app
    }
    const deny = { Effect: 'Deny', Action: 'dynamodb:*', Resource: '*', Condition: { Null: { 'k:a': 'true' } } }
    const before = attached('dynamodb:PutItem')
    expect(accessDiff(before, attached('dynamodb:PutItem', [deny])).broadens).toBe(false)
    expect(accessDiff(attached('dynamodb:PutItem', [deny]), before).broadens).toBe(true)
    expect(accessDiff(before, attached('dynamodb:DeleteItem')).broadens).toBe(true)
  })

  it('counts the loss of a document that denies as broadening, and of one that allows as none', () => {
    const bareExample = withoutStatements(exampleText)
    const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
    const deny = { Effect: 'Deny', Action: 'dynamodb:DeleteTable', Resource: '*' }
    const allow = { Effect: 'Allow', Action: 'dynamodb:DescribeTable', Resource: table }
    const withDocument = (from: string, to: string, ...Statement: readonly object[]) =>
      mustLoad(edited(from, to, bareExample), { 'd.json': JSON.stringify({ Version: '2012-10-17', Statement }) }).app
    const attached = (...statements: readonly object[]) =>
      withDocument('can: { email: [send] }', 'can: { email: [send] }\n    policies: [d.json]', ...statements)
    const guarded = withDocument('zones:  ', 'guardrails: [d.json]\nzones:  ', deny)
    const without = mustLoad(bareExample).app
    expect(accessDiff(guarded, without).broadens).toBe(true)
    expect(accessDiff(without, guarded).broadens).toBe(false)
    expect(accessDiff(attached(allow, deny), without).broadens).toBe(true)
    expect(accessDiff(attached(allow), without).broadens).toBe(false)
    expect(accessDiff(without, attached(allow)).broadens).toBe(true)
  })

  it('counts one role more behind an operation as broadening, unless anybody was', () => {
    const bareExample = withoutStatements(exampleText)
    const forRoles = (roles: string) =>
      mustLoad(edited('stripe: { charge: any, refund: { for: [admin] } }', roles, bareExample)).app
    const [one, two, any] = ['{ for: [admin] }', '{ for: [admin, support] }', 'any'].map((whom) =>
      forRoles(`stripe: { charge: any, refund: ${whom} }`),
    )
    if (one === undefined || two === undefined || any === undefined) throw new Error('there are three')
    expect([accessDiff(one, two).broadens, accessDiff(two, any).broadens]).toEqual([true, true])
    expect([accessDiff(two, one).broadens, accessDiff(any, two).broadens]).toEqual([false, false])
  })

  it('counts the loss of an invariant as broadening', () => {
    expect(accessDiff(app, mustLoad(edited('  - payments -> stripe\n', '')).app)).toEqual({
      lines: ['- only payments -> stripe'],
      broadens: true,
    })
  })
})

describe("the example's own statements", () => {
  it(
    'refuse by themselves every loosening of who reaches what, and of the conditions that an example shows',
    { timeout: 60_000 },
    () => {
      const caught = loosenings
        .filter(({ from, to, files }) => !load(edited(from, to), files).ok)
        .map(({ what }) => what)
      expect(caught).toEqual([
        'a country is added',
        'countries are dropped',
        'support loses mfa',
        'support may use any device',
        'admin needs no elevation',
        'a route is opened to a role',
        'a refund is opened to support',
        'a route is opened to anyone',
        'a sign-in may be as old as it is',
        'payments writes one more column',
        'payments writes every column',
        'notifications uses another door',
        'notifications calls payments',
        'notifications writes the table',
        'notifications has a policy',
        'the storefront asks for refunds for anybody',
        'orders asks for refunds for anybody',
        'payments refunds for anybody',
        'payments refunds for customers too',
      ])
    },
  )
})

describe('the policy of a function', () => {
  it('is IAM JSON: what its identity may do, and who may call it', () => {
    const shown: unknown = JSON.parse(policyOf(compiled, app, 'payments') ?? '')
    expect(shown).toMatchObject({
      function: 'arn:sallyport:function:checkout:restricted:payments',
      identityPolicies: [{ Version: '2012-10-17' }],
      resourcePolicies: {
        'arn:sallyport:function:checkout:restricted:payments/charge': {
          Statement: [{ Principal: { AWS: 'arn:sallyport:function:checkout:internal:orders' } }],
        },
      },
    })
    expect(policyOf(compiled, app, 'nobody')).toBeUndefined()
  })
})

function withoutStatements(text: string): string {
  return text.slice(0, text.indexOf('only:  '))
}
