import type { LedgerRecord } from '@sallyport/core/access'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { appWith, decision, segment, type } from '../testing.ts'

const edge = `a1${'0'.repeat(30)}`
const call = `b2${'0'.repeat(30)}`
const door = `b3${'0'.repeat(30)}`
const other = `c4${'0'.repeat(30)}`
const transaction = `d5${'0'.repeat(30)}`
const at = Date.UTC(2026, 0, 2, 3, 4, 5)

const records: readonly LedgerRecord[] = [
  { kind: 'lifecycle', at, event: 'start', detail: 'up' },
  decision({ id: edge, transaction }),
  decision({
    id: call,
    transaction,
    parent: edge,
    door: 'egress',
    subject: 'arn:sallyport:function:checkout:public:storefront',
    subjectName: 'storefront',
    user: 'arn:sallyport:identity:checkout::user/alice',
    asked: [{ action: 'sallyport:InvokeFunction', resource: 'arn:sallyport:function:checkout:internal:orders/create' }],
    reasons: [
      { code: 'policy.allow', layer: 'identity', message: 'granted', rule: 'can1', at: 'sallyport.yaml:55:18' },
    ],
  }),
  decision({
    id: door,
    transaction,
    parent: call,
    door: 'egress',
    effect: 'deny',
    layer: 'door',
    subject: 'arn:sallyport:function:checkout:restricted:payments',
    subjectName: 'payments',
    user: 'arn:sallyport:identity:checkout::user/alice',
    asked: [{ action: 'sallyport:UseDoor', resource: 'arn:sallyport:door:checkout::stripe/GET /v1/balance' }],
    reasons: [
      {
        code: 'door.unlisted',
        layer: 'door',
        message: 'no door operation answers GET https://api.stripe.com/v1/balance',
        at: 'sallyport.yaml:26:3',
        fix: "sallyport allow payments 'GET https://api.stripe.com/v1/balance'",
      },
    ],
    advisoryPackage: 'checkout-price-format',
  }),
  { kind: 'outcome', at, decision: edge, transaction, outcome: 'done', status: 200, durationMs: 41.4 },
  {
    kind: 'name',
    at,
    subject: 'arn:sallyport:function:checkout:public:storefront',
    transaction,
    decision: edge,
    name: 'orders.fn.internal',
    types: ['A', 'AAAA'],
    answer: '198.18.0.3',
    count: 2,
  },
  decision({ id: other, transaction: `e6${'0'.repeat(30)}` }),
]

describe('sallyport why', () => {
  let app: ReturnType<typeof appWith>
  beforeAll(() => {
    app = appWith({
      'sallyport.yaml': 'app: checkout\n',
      '.sallyport/ledger/00000000.seg': segment(records.slice(0, 3)),
      '.sallyport/ledger/00000001.seg': segment(records.slice(3)),
    })
  })
  afterAll(() => app.remove())
  const ask = (...words: string[]) => type(['why', ...words], { cwd: app.folder })

  test('prints the whole transaction around a denial, hop under hop, and ends with 1', async () => {
    const { stdout, exitCode } = await ask(door)
    expect(stdout).toBe(`transaction ${transaction}  2026-01-02T03:04:05.000Z
  allow alice -> CallRoute storefront/POST /checkout  ingress  ${edge}
    policy.allow: customer may [route1 at sallyport.yaml:51:7]
    outcome done, status 200, 41 ms
    name orders.fn.internal (A, AAAA) -> 198.18.0.3, 2 times
    allow storefront for alice -> InvokeFunction orders/create  egress  ${call}
      policy.allow: granted [can1 at sallyport.yaml:55:18]
      outcome not recorded (yet)
    > deny  payments for alice -> UseDoor stripe/GET /v1/balance  egress, door  ${door}
        door.unlisted: no door operation answers GET https://api.stripe.com/v1/balance [sallyport.yaml:26:3]
        fix: sallyport allow payments 'GET https://api.stripe.com/v1/balance'
        asked by the npm package checkout-price-format (advisory: read from a stack)
`)
    expect(exitCode).toBe(1)
  })

  test('takes a prefix that fits one decision only', async () => {
    expect(await ask('a100')).toEqual({ ...(await ask(edge)), exitCode: 0 })
  })

  test('takes the id of a transaction', async () => {
    const { stdout, exitCode } = await ask(transaction)
    expect(stdout).toContain(door)
    expect(exitCode).toBe(0)
  })

  test('finds the newest denial by --last', async () => {
    expect(await ask('--last')).toEqual(await ask(door))
  })

  test('gives the same facts as JSON', async () => {
    const { stdout } = await ask(door, '--json')
    const value: unknown = JSON.parse(stdout)
    expect(value).toMatchObject({
      asked: door,
      id: transaction,
      hops: [
        {
          decision: records[1],
          outcome: { outcome: 'done' },
          names: [{ name: 'orders.fn.internal' }],
          caused: [{ caused: [{ decision: { effect: 'deny' } }] }],
        },
      ],
    })
  })

  test('refuses an id that nothing has, and a prefix that is too short to mean anything', async () => {
    for (const id of ['9999', 'b']) {
      const { stderr, exitCode } = await ask(id)
      expect(stderr).toContain('(cli.no_such_id)')
      expect(exitCode).toBe(1)
    }
  })

  test('refuses a prefix that fits two, and names them', async () => {
    const twins = appWith({
      'sallyport.yaml': 'app: checkout\n',
      '.sallyport/ledger/00000000.seg': segment([decision({ id: 'aaaa1' }), decision({ id: 'aaaa2' })]),
    })
    const { stderr, exitCode } = await type(['why', 'aaaa'], { cwd: twins.folder })
    twins.remove()
    expect(stderr).toContain('aaaa1, aaaa2 (cli.ambiguous_id)')
    expect(exitCode).toBe(2)
  })

  test('leaves out a record that is still being written', async () => {
    const torn = appWith({
      'sallyport.yaml': 'app: checkout\n',
      '.sallyport/ledger/00000000.seg': segment(records).subarray(0, -3),
    })
    expect((await type(['why', edge], { cwd: torn.folder })).exitCode).toBe(0)
    expect((await type(['why', other], { cwd: torn.folder })).stderr).toContain('(cli.no_such_id)')
    torn.remove()
  })

  test('says what to do where nothing was decided yet', async () => {
    const fresh = appWith({ 'sallyport.yaml': 'app: checkout\n' })
    const { stderr } = await type(['why', 'abcd'], { cwd: fresh.folder })
    fresh.remove()
    expect(stderr).toContain('(cli.no_ledger)')
    expect(stderr).toContain('fix: sallyport up')
  })
})
