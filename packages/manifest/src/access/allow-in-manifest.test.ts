import { describe, expect, it } from 'vitest'

import { edited, exampleText, mustLoad } from '../testing/example.ts'
import { accessDiff } from './access-diff.ts'
import { allowInManifest } from './allow-in-manifest.ts'
import { addEntry, addItem } from './edit-yaml.ts'

const bare = exampleText.slice(0, exampleText.indexOf('only:  '))
const { app } = mustLoad(bare)

function allow(
  subject: string,
  action: string,
  text = bare,
): { readonly text: string; readonly lines: readonly string[] } {
  const result = allowInManifest(text, subject, action, text === bare ? app : mustLoad(text).app)
  if (!result.ok) throw new Error(result.message)
  return result
}

/** Lists are compared without order; a matcher is left as it is. */
function sorted(expected: unknown): unknown {
  return Array.isArray(expected) ? expected.map(String).toSorted() : expected
}

describe('allow', () => {
  it('keeps comments, order and spacing: only the lines it names are different', () => {
    const { text, lines } = allow('payments', 'stripe.balance=GET /v1/balance')
    expect(lines).toEqual([
      expect.stringMatching(
        /^sallyport\.yaml:\d+: ops: \{ charge: POST [^ ]+, refund: POST [^ ]+, balance: GET \/v1\/balance \}$/,
      ),
      expect.stringMatching(
        /^sallyport\.yaml:\d+: stripe: \{ charge: any, refund: \{ for: \[admin\] \}, balance: any \}$/,
      ),
    ])
    const before = bare.split('\n')
    const changed = text.split('\n').flatMap((line, index) => (line === before[index] ? [] : [index]))
    expect(changed).toHaveLength(2)
    expect(accessDiff(app, mustLoad(text).app)).toEqual({
      broadens: true,
      lines: ['+ stripe.balance is GET https://api.stripe.com/v1/balance', '+ payments may now use stripe.balance'],
    })
  })

  it('gives exactly the one access that was asked for', () => {
    for (const [subject, action, gained] of [
      ['orders', 'email.send', ['+ orders may now use email.send']],
      ['notifications', 'payments.charge', ['+ notifications may now call payments.charge']],
      [
        'payments',
        'stripe.refund',
        ['- payments may no longer use stripe.refund for admin', '+ payments may now use stripe.refund'],
      ],
      ['support', 'POST /checkout', ['+ support may now call POST /checkout (storefront)']],
      ['customer@US', 'POST /checkout', ['+ customer may now come from US']],
      ['public', 'restricted', ['+ public may now call into the zone restricted']],
      ['payments', 'orders-table.get(own)', ['+ payments may now get own rows of orders-table']],
      [
        'orders',
        'orders-table.put(any)',
        ['- orders may no longer put own rows of orders-table', '+ orders may now put any row of orders-table'],
      ],
      [
        'notifications',
        'orders-table.query',
        [
          '+ notifications may now query own rows of orders-table',
          // Own rows make the box serve one user at a time: the default follows the grant.
          '- a box of notifications may serve many users',
          '+ a box of notifications serves one user',
        ],
      ],
      ['payments', 'orders-table.update(total)', ['+ payments may now write orders-table.total']],
      [
        'storefront',
        'acme.ping=GET https://api.acme.example/ping',
        expect.arrayContaining(['+ storefront may now use acme.ping']),
      ],
    ] as const) {
      expect(
        accessDiff(app, mustLoad(allow(subject, action).text).app).lines.toSorted(),
        `${subject} ${action}`,
      ).toEqual(sorted(gained))
    }
  })

  it('does nothing where it is granted already', () => {
    expect(allow('payments', 'stripe.charge')).toEqual({ ok: true, text: bare, lines: [] })
    expect(allow('payments', 'stripe.again=POST /v1/payment_intents')).toMatchObject({ text: bare })
  })

  it('makes a can section where there is none, in block and in flow style', () => {
    const without = bare.replace('    can: { email: [send] }\n', '')
    expect(mustLoad(allow('notifications', 'email.send', without).text).app.functions[3]?.can).toHaveLength(1)
    const empty = bare.replace('    can: { email: [send] }\n', '    can: {}\n')
    expect(mustLoad(allow('notifications', 'email.send', empty).text).app.functions[3]?.can).toHaveLength(1)
  })

  it('turns a list of table verbs into a map rather than widen the new verb to any row', () => {
    const listed = bare.replace('can: { email: [send] }', 'can: { email: [send], orders-table: [get] }')
    const { functions } = mustLoad(allow('notifications', 'orders-table.put(own)', listed).text).app
    expect(functions[3]?.can).toMatchObject([
      { kind: 'door' },
      { verb: 'get', rows: 'any' },
      { verb: 'put', rows: 'own' },
    ])
  })

  it('refuses what stands for nothing, a wildcard, and an operation under a name that is taken', () => {
    for (const [subject, action] of [
      ['paymnts', 'stripe.charge'],
      ['payments', 'strpe.charge'],
      ['payments', 'stripe.balance'],
      ['payments', 'stripe.*'],
      ['payments', 'stripe.charge=GET /v1/other'],
      ['customer', 'GET /nothing'],
      ['payments', 'orders-table.read'],
      ['payments', ''],
      ['orders', 'orders-table.scan(own)'],
    ] as const) {
      expect(allowInManifest(bare, subject, action, app).ok, `${subject} ${action}`).toBe(false)
    }
  })

  it('does not edit what an alias shares', () => {
    const shared = edited(
      'from: [internal]',
      'from: *inside',
      edited('from: [public, internal]', 'from: &inside [public, internal]', bare),
    )
    expect(allowInManifest(shared, 'internet', 'restricted', mustLoad(shared).app).ok).toBe(false)
  })
})

describe('an edit', () => {
  it('keeps the comments of a list or a map that was empty', () => {
    expect(addItem('can: [   # none yet\n]\n', ['can'], 'zen')).toBe('can: [zen   # none yet\n]\n')
    expect(addEntry('can: {\n  # none\n}\n', ['can', 'a'], 'any')).toBe('can: { a: any\n  # none\n}\n')
    expect(addEntry('can: { }\n', ['can', 'a'], 'any')).toBe('can: { a: any }\n')
  })

  it('adds to lists and maps in block style, behind the comment of the last line and before the next section', () => {
    const text = 'a:\n  - x # first\n  - y # last\n\n# about b\nb:\n  k: v # kept\nc: 1\n'
    expect(addItem(text, ['a'], 'z')).toBe(
      'a:\n  - x # first\n  - y # last\n  - z\n\n# about b\nb:\n  k: v # kept\nc: 1\n',
    )
    expect(addEntry(text, ['b', 'l'], 'w')).toBe(
      'a:\n  - x # first\n  - y # last\n\n# about b\nb:\n  k: v # kept\n  l: w\nc: 1\n',
    )
  })

  it('keeps Windows line ends and a missing last one', () => {
    expect(addItem('a:\r\n  - x\r\nb: 1\r\n', ['a'], 'z')).toBe('a:\r\n  - x\r\n  - z\r\nb: 1\r\n')
    expect(addItem('a:\n  - x', ['a'], 'z')).toBe('a:\n  - x\n  - z')
    expect(addItem('a: [x, y, ]', ['a'], 'z')).toBe('a: [x, y, z, ]')
    expect(addItem('a:\nb: 1\n', ['a'], 'z')).toBe('a: [z]\nb: 1\n')
  })
})
