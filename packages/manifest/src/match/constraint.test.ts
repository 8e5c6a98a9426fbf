import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Constraints, FieldConstraint } from '../door.ts'
import { brokenConstraint, describeField, type FieldMap, flattenFields, parseValueTemplate } from './constraint.ts'

const need = (name: string, more: Partial<FieldConstraint> = {}): FieldConstraint => ({
  name,
  optional: false,
  ...more,
})
const closed = (...fields: readonly FieldConstraint[]): Constraints => ({ open: false, fields })
const open = (...fields: readonly FieldConstraint[]): Constraints => ({ open: true, fields })
const broken = (constraints: Constraints, body: FieldMap): string | undefined =>
  brokenConstraint(constraints, flattenFields(body, constraints))

describe('a constraint', () => {
  it('holds for what it names, and for nothing else', () => {
    const amount = closed(need('amount', { from: 1, to: 500 }))
    expect(broken(amount, { amount: 500 })).toBeUndefined()
    expect(broken(amount, { amount: '500' })).toBeUndefined()
    for (const value of [501, 0, -1, '5e2', '0x10', ' 5', '+5', '05', '', true, null, [5], { to: 5 }, 1e21]) {
      expect(broken(amount, { amount: value }), JSON.stringify(value)).toBe('amount')
    }
    expect(broken(amount, {})).toBe('amount')
    expect(broken(amount, { amount: 5, extra: 1 })).toBe('extra')
  })

  it('has so many names compared, and breaks beyond them', () => {
    const named = (count: number): FieldMap =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, 1]))
    expect([broken(open(), named(4_096)), broken(open(), named(4_097))]).toEqual([undefined, 'n4096'])
  })

  it('compares text as it is, cut at its slashes where it says so', () => {
    expect(broken(closed(need('c', { in: ['chf', '5'] })), { c: 5 })).toBeUndefined()
    expect(broken(closed(need('c', { in: ['chf'] })), { c: 'CHF' })).toBe('c')
    const like = closed(need('path', { like: 'users/:id/photo' }))
    expect(broken(like, { path: 'users/u1/photo' })).toBeUndefined()
    for (const path of [
      'users/u1',
      'users//photo',
      'users/../photo',
      'users/a/b/photo',
      'users/a\\b/photo',
      'users/\0/photo',
    ])
      expect(broken(like, { path }), path).toBe('path')
    expect(broken(closed(need('a', { maxLength: 2 })), { a: 'abc' })).toBe('a')
  })

  it('of a field inside another looks inside, and takes nothing in its place', () => {
    const inside = open(need('customer.country', { in: ['CH'], optional: true }))
    expect(broken(inside, { customer: { country: 'CH', name: 'a' } })).toBeUndefined()
    expect(broken(inside, { other: 1 })).toBeUndefined()
    for (const body of [
      { customer: { country: 'XX' } },
      { customer: [{ country: 'XX' }] },
      { customer: 'XX' },
      { customer: { country: ['CH'] } },
    ] satisfies FieldMap[]) {
      expect(broken(inside, body), JSON.stringify(body)).toBeDefined()
    }
  })

  it('is not passed by a second spelling beside it', () => {
    const amount = open(need('amount', { to: 5 }))
    expect(
      brokenConstraint(amount, [
        ['amount', '5'],
        ['memo', 'x'],
      ]),
    ).toBeUndefined()
    expect(
      brokenConstraint(amount, [
        ['amount', '5'],
        ['amount', '9'],
      ]),
    ).toBe('amount')
    expect(
      brokenConstraint(amount, [
        ['amount', '5'],
        ['amount[]', '9'],
      ]),
    ).toBe('amount[]')
    expect(
      brokenConstraint(amount, [
        ['amount', '5'],
        ['amount.x', '9'],
      ]),
    ).toBe('amount.x')
    expect(
      brokenConstraint(open(need('m[a]', { in: ['1'] })), [
        ['m[a]', '1'],
        ['m', '{}'],
      ]),
    ).toBe('m')
  })

  it('is not passed by a spelling that some reader takes for the same', () => {
    const spellings: readonly (readonly [field: string, others: readonly string[]])[] = [
      [
        'amount',
        ['Amount', 'AMOUNT', ' amount', 'amount ', '\tamount', 'amount\0', 'amo\u200bunt', 'AMOUNT[]', 'Amount.x'],
      ],
      ['skip_check', ['\u017fkip_check', 's\u212aip_check', 'skip.check', 'skip[check', 'Skip.Check']],
      ['customer.country', ['Customer', 'customer_country', 'Customer.Country']],
    ]
    for (const [field, others] of spellings) {
      const constraints = open({ name: field, optional: true, in: ['1'] })
      expect(brokenConstraint(constraints, [[field, '1']])).toBeUndefined()
      expect(
        brokenConstraint(constraints, [
          ['amounts', '9'],
          ['a', '9'],
          ['skip', '9'],
        ]),
      ).toBeUndefined()
      for (const other of others)
        expect(
          brokenConstraint(constraints, [
            [field, '1'],
            [other, '9'],
          ]),
          other,
        ).toBe(other)
    }
    // Beside it in JSON, and in the object that it stands in.
    expect(broken(open(need('customer.country', { in: ['CH'] })), { customer: { country: 'CH' }, Customer: {} })).toBe(
      'Customer',
    )
    expect(broken(open(need('customer.country', { in: ['CH'] })), { customer: { country: 'CH', Country: 'X' } })).toBe(
      'customer.Country',
    )
  })

  it('lets a number through only within its bounds, however it is written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.string(), fc.bigInt().map(String)), (value) => {
        if (broken(closed(need('n', { from: -10, to: 10 })), { n: value }) !== undefined) return
        expect(Number(value)).toBeGreaterThanOrEqual(-10)
        expect(Number(value)).toBeLessThanOrEqual(10)
        expect(String(value)).toMatch(/^-?\d+(\.\d+)?$/)
      }),
    )
  })
})

describe('a constraint is broken', () => {
  const amount = { name: 'amount', optional: false, in: ['1', '2'] }
  const country = { name: 'customer.country', optional: false, in: ['CH'] }

  it('by a value that is not listed, by a name that comes twice, and by a list of what is', () => {
    expect(brokenConstraint({ open: false, fields: [amount] }, [['amount', '1']])).toBeUndefined()
    expect(brokenConstraint({ open: false, fields: [amount] }, [['amount', '3']])).toBe('amount')
    expect(brokenConstraint({ open: false, fields: [amount] }, [['amount', ['1']]])).toBe('amount')
    const twice = [
      ['amount', '1'],
      ['amount', '1'],
    ] as const
    expect(brokenConstraint({ open: true, fields: [amount] }, twice)).toBe('amount')
  })

  it('by a member whose own name has the dot of one inside another', () => {
    const constraints = { open: false, fields: [country] }
    expect(broken(constraints, { customer: { country: 'CH' } })).toBeUndefined()
    expect(broken(constraints, { 'customer.country': 'CH' })).toBe('customer\\.country')
  })
})

it('a template of values has segments that all stand for something, and names that stand once', () => {
  expect(parseValueTemplate('cus/:id/x')).toHaveLength(3)
  for (const text of ['', '/a', 'a/', 'a//b', ':', 'a/:', ':id/:id'])
    expect(parseValueTemplate(text), text).toBeUndefined()
})

it.each([
  [{}, ''],
  [{ in: ['a', 'b'] }, 'in [a | b]'],
  [{ like: 'cus/:id', maxLength: 9 }, 'like cus/:id of at most 9 characters'],
  [{ from: 1 }, 'from 1'],
  [{ from: 1, to: 500 }, 'from 1 to 500'],
])('the constraint %j is “%s”', (more, words) => {
  expect(describeField(need('x', more))).toBe(words)
})
