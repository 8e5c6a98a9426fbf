import { describe, expect, it } from 'vitest'

import { accessDiff } from '../../access/access-diff.ts'
import { accessOf } from '../../access/access-of.ts'
import type { Door } from '../../door.ts'
import { edited, exampleText, faultsOf, mustLoad } from '../../testing/example.ts'

const stripeOps = 'ops: { charge: POST /v1/payment_intents, refund: POST /v1/refunds }'
const stripeAdd = 'add: { authorization: "Bearer {stripe-key}" }'
const bare = exampleText.slice(0, exampleText.indexOf('only:  '))

function stripe(from: string, to: string, text = exampleText): Door {
  const door = mustLoad(edited(from, to, text)).app.doors.find(({ name }) => name === 'stripe')
  if (door === undefined) throw new Error('the example has no door stripe')
  return door
}

const withOps = (charge: string): string => `ops: { charge: ${charge}, refund: POST /v1/refunds }`

describe('an operation in its long form', () => {
  it('says what query, body and answer must be, and how often it may be used', () => {
    const [charge] = stripe(
      stripeOps,
      withOps(`{
        request: POST /v1/payment_intents,
        query: {},
        body: { currency: [chf, eur],
          amount: { from: 1, to: 500, optional: true }, customer: { like: "cus/:id" }, memo: any },
        open: [body],
        returns: { headers: [Request-Id], fields: [id, charges.amount] },
        limit: 10/m, timeout: 5s, retry: 2, idempotency: Idempotency-Key, maxBodyBytes: 1000 }`),
    ).ops
    expect(charge).toMatchObject({
      name: 'charge',
      method: 'POST',
      path: '/v1/payment_intents',
      query: { open: false, fields: [] },
      body: {
        open: true,
        fields: [
          { name: 'currency', optional: false, in: ['chf', 'eur'] },
          { name: 'amount', optional: true, from: 1, to: 500 },
          { name: 'customer', optional: false, like: 'cus/:id' },
          { name: 'memo', optional: false },
        ],
      },
      returns: { headers: ['request-id'], fields: ['id', 'charges.amount'] },
      limit: { calls: 10, perMs: 60_000 },
      timeoutMs: 5_000,
      retries: 2,
      idempotency: 'idempotency-key',
      maxBodyBytes: 1000,
    })
  })

  it('takes over what the door says for all, and the short form says nothing more than before', () => {
    const [charge, refund] = stripe(
      stripeOps,
      `${withOps('{ request: POST /v1/payment_intents, timeout: 1s }')}\n    returns: { headers: [] }\n    timeout: 9s`,
    ).ops
    expect(charge).toMatchObject({
      timeoutMs: 1_000,
      returns: { headers: [] },
      retries: 0,
      maxBodyBytes: 6 * 1024 * 1024,
    })
    expect(refund).toMatchObject({ timeoutMs: 9_000, returns: { headers: [] } })
    expect(refund).not.toHaveProperty('body')
  })
})

describe('a fault in a door is found where it stands', () => {
  const fault = (from: string, to: string): unknown => faultsOf(edited(from, to, bare))[0]
  const long = (options: string): string => withOps(`{ request: POST /v1/payment_intents, ${options} }`)

  for (const [what, from, to, code, suggestion] of [
    ['an unknown key of an operation', stripeOps, long('retrys: 2'), 'manifest.unknown_key', 'did you mean "retry"?'],
    [
      'an unknown key of a constraint',
      stripeOps,
      long('body: { a: { form: 1 } }'),
      'manifest.unknown_key',
      'did you mean "from"?',
    ],
    [
      'an unknown key of the answer',
      stripeOps,
      long('returns: { header: [a] }'),
      'manifest.unknown_key',
      'did you mean "headers"?',
    ],
    [
      'an operation without a request',
      stripeOps,
      'ops: { charge: { retry: 1 }, refund: POST /v1/refunds }',
      'manifest.missing_key',
      undefined,
    ],
    [
      'a POST that is repeated without a key',
      stripeOps,
      long('retry: 2'),
      'manifest.unsupported',
      'idempotency: Idempotency-Key',
    ],
    [
      'a body of a GET',
      stripeOps,
      withOps('{ request: GET /v1/payment_intents, body: { a: any } }'),
      'manifest.unsupported',
      'constrain its query',
    ],
    ['a range of nothing', stripeOps, long('body: { a: { from: 9, to: 1 } }'), 'manifest.wrong_type', 'from: 1, to: 9'],
    [
      'a template with an empty segment',
      stripeOps,
      long('body: { a: { like: "a//b" } }'),
      'manifest.wrong_type',
      undefined,
    ],
    [
      'a wildcard for a field',
      stripeOps,
      long('body: { "*": any }'),
      'manifest.wildcard',
      'name each thing that is granted',
    ],
    ['a cookie handed back', stripeOps, long('returns: { headers: [Set-Cookie] }'), 'manifest.unsupported', undefined],
    ['an open part that nothing closes', stripeOps, long('open: [query]'), 'manifest.unsupported', undefined],
    ['a limit in words', stripeOps, long('limit: often'), 'manifest.wrong_type', undefined],
    [
      'an idempotency header that frames',
      stripeOps,
      long('idempotency: Content-Length'),
      'manifest.unsupported',
      undefined,
    ],
    [
      'a secret that nobody declared',
      stripeAdd,
      'add: { query: { key: "{stripe-kye}" } }',
      'manifest.unresolved_name',
      'did you mean "stripe-key"?',
    ],
    [
      'a password in the text',
      stripeAdd,
      'add: { basic: { user: shop, password: hunter2 } }',
      'manifest.secret_in_text',
      'declare it under secrets: and write "{its-name}" here',
    ],
    [
      'a key in the text of a parameter',
      stripeAdd,
      'add: { query: { key: sk_live_51Habcdefghijkl } }',
      'manifest.secret_in_text',
      'declare it under secrets: and write {its-name} here',
    ],
    [
      'two credentials',
      stripeAdd,
      'add: { authorization: "Bearer {stripe-key}", basic: { user: a, password: "{mail-token}" } }',
      'manifest.duplicate_key',
      'keep one of the two',
    ],
    [
      'a token endpoint of plain HTTP',
      stripeAdd,
      'add: { oauth: { token: "http://login.example/t", client: a, secret: "{stripe-key}" } }',
      'manifest.insecure_upstream',
      'https://login.example',
    ],
    [
      'a field that the door sets itself',
      `${stripeAdd}\n    ${stripeOps}`,
      `add: { body: { key: "{stripe-key}" } }\n    ${long('body: { key: any }')}`,
      'manifest.unsupported',
      'leave it out here',
    ],
    ['another word than identity', stripeAdd, 'auth: identiy', 'manifest.wrong_type', 'did you mean "identity"?'],
  ] as const) {
    it(what, () => {
      expect(fault(from, to)).toMatchObject({
        file: 'sallyport.yaml',
        code,
        line: expect.any(Number),
        column: expect.any(Number),
        ...(suggestion === undefined ? {} : { suggestion }),
      })
    })
  }
})

describe('a door that is no HTTP', () => {
  const side = (lines: string): string => `  side:\n    ${lines.split('; ').join('\n    ')}\nsecrets: {`
  const pg = 'to: postgres://db.internal; user: shop; password: "{mail-token}"; database: shop'

  it('has one operation, and a port of its own', () => {
    const loaded = mustLoad(
      edited(
        'stripe: { charge: any,',
        'side: [connect]\n      stripe: { charge: any,',
        edited('secrets: {', side(pg), bare),
      ),
    )
    expect(loaded.app.doors.at(-1)).toMatchObject({
      kind: 'postgres',
      to: 'postgres://db.internal:5432',
      database: { user: 'shop', password: '{mail-token}', database: 'shop', tls: true },
      ops: [{ name: 'connect' }],
    })
    expect(accessOf(loaded.app)).toContain('side.connect reaches postgres://db.internal:5432 by PostgreSQL')
  })

  for (const [what, lines, code] of [
    ['a port that is taken', 'to: tcp://db.internal:443', 'manifest.unsupported'],
    ['no port', 'to: tcp://db.internal', 'manifest.wrong_type'],
    ['a link-local address', 'to: tcp://169.254.169.254:6379', 'manifest.insecure_upstream'],
    ['operations', 'to: tcp://db.internal:6379; ops: { a: GET /a }', 'manifest.unsupported'],
    [
      'a secret where nobody could add it',
      'to: https://a.example; opaque: true; add: { x: y }',
      'manifest.unsupported',
    ],
    ['a password in the text', pg.replace('"{mail-token}"', 'hunter2'), 'manifest.secret_in_text'],
    ['no user', pg.replace('user: shop; ', ''), 'manifest.missing_key'],
    ['no TLS to a public server', `${pg}; tls: off`, 'manifest.insecure_upstream'],
    ['a database of a door for HTTP', 'to: https://a.example; ops: { a: GET /a }; database: b', 'manifest.unsupported'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(faultsOf(edited('secrets: {', side(lines), bare))).toMatchObject([{ code, file: 'sallyport.yaml' }])
    })
  }
})

describe('a change of a door', () => {
  const change = (from: string, to: string): boolean =>
    accessDiff(mustLoad(edited(stripeOps, from, bare)).app, mustLoad(edited(stripeOps, to, bare)).app).broadens
  const long = (options: string): string => withOps(`{ request: POST /v1/payment_intents, ${options} }`)

  it('broadens where a constraint, a limit or a narrowed answer goes', { timeout: 60_000 }, () => {
    for (const option of ['body: { a: any }', 'query: {}', 'limit: 10/m', 'returns: { fields: [id] }']) {
      expect(change(long(option), stripeOps), option).toBe(true)
      expect(change(stripeOps, long(option)), option).toBe(false)
    }
    expect(change(long('limit: 10/m'), long('limit: 11/m'))).toBe(true)
    expect(change(long('maxBodyBytes: 10'), stripeOps)).toBe(true)
    expect(change(long('body: { a: { to: 5 } }'), long('body: { a: { to: 6 } }'))).toBe(true)
  })

  it('is said in a sentence that a reviewer can read', () => {
    const { app } = mustLoad(
      edited(stripeOps, long('body: { amount: { to: 5 }, memo: { maxLength: 9, optional: true } }'), bare),
    )
    expect(accessOf(app)).toContain('stripe.charge takes body amount to 5, memo? of at most 9 characters, and no other')
  })
})
