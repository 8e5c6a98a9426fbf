import type { ContextValue } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import type { ConditionValues } from '../document.ts'
import { compilePolicies, decide } from '../index.ts'
import { operators } from './operators.ts'
import { request } from '../testing/policies.ts'

/** What an operator answers on `value`, read off an Allow, and off a Deny beside an Allow. */
function answers(operator: string, wanted: ConditionValues, value: ContextValue | undefined): string {
  const context = value === undefined ? {} : { 'app:key': value }
  const asked = request({ action: 'app:Do', resource: '*', context })
  const everything = { Action: '*', Resource: '*' } as const
  const Version = '2012-10-17'
  const Condition = { [operator]: { 'app:key': wanted } }
  const effectOf = (effect: 'Allow' | 'Deny') =>
    decide(
      compilePolicies({
        guardrails: [],
        identity: new Map([[asked.subject.id, [{ name: 'p', document: { Version, Statement: statements(effect) } }]]]),
        resource: new Map(),
      }),
      [asked],
    ).effect
  const statements = (effect: 'Allow' | 'Deny') =>
    effect === 'Allow'
      ? [{ Effect: effect, ...everything, Condition }]
      : [
          { Effect: 'Allow' as const, ...everything },
          { Effect: effect, ...everything, Condition },
        ]
  const allows = effectOf('Allow') === 'allow'
  const denies = effectOf('Deny') === 'deny'
  return allows === denies ? String(allows) : denies ? 'unclear' : 'broken'
}

/** A value that matches, one that does not, and one that cannot be read (where there is one). */
interface Sample {
  readonly wanted: ConditionValues
  readonly yes: string
  readonly no: string
  readonly garbage?: string
}

const samples: Readonly<Record<string, Sample>> = {
  StringEquals: { wanted: ['a', 'b'], yes: 'b', no: 'B' },
  StringNotEquals: { wanted: ['a', 'b'], yes: 'B', no: 'b' },
  StringEqualsIgnoreCase: { wanted: 'a', yes: 'A', no: 'b' },
  StringNotEqualsIgnoreCase: { wanted: 'a', yes: 'b', no: 'A' },
  StringLike: { wanted: ['a*c', 'x?'], yes: 'abc', no: 'ABC' },
  StringNotLike: { wanted: ['a*c', 'x?'], yes: 'ABC', no: 'xy' },
  NumericEquals: { wanted: 10, yes: '10.0', no: '1', garbage: 'ten' },
  NumericNotEquals: { wanted: ['10'], yes: '1', no: '10.0', garbage: 'ten' },
  NumericLessThan: { wanted: '10', yes: '9', no: '10', garbage: '1e1' },
  NumericLessThanEquals: { wanted: '10', yes: '10', no: '11', garbage: 'ten' },
  NumericGreaterThan: { wanted: '10', yes: '11', no: '10', garbage: 'ten' },
  NumericGreaterThanEquals: { wanted: '10', yes: '10', no: '9', garbage: 'ten' },
  DateEquals: {
    wanted: '2026-01-01T01:00:00+01:00',
    yes: '2026-01-01T00:00:00Z',
    no: '2026-01-01T01:00:00Z',
    garbage: 'now',
  },
  DateNotEquals: { wanted: '2026-01-01', yes: '2026-01-02', no: '2026-01-01', garbage: 'now' },
  DateLessThan: { wanted: '2026-01-01', yes: '2025-12-31', no: '2026-01-01', garbage: 'now' },
  DateLessThanEquals: { wanted: '2026-01-01', yes: '2026-01-01', no: '2026-01-02', garbage: 'now' },
  DateGreaterThan: { wanted: '2026-01-01', yes: '2026-01-02', no: '2026-01-01', garbage: 'now' },
  DateGreaterThanEquals: { wanted: '2026-01-01', yes: '2026-01-01', no: '2025-12-31', garbage: 'now' },
  Bool: { wanted: 'true', yes: 'true', no: 'false', garbage: 'yes' },
  BinaryEquals: { wanted: 'AQID', yes: 'AQID', no: 'AQIE', garbage: 'AQI' },
  IpAddress: { wanted: ['10.0.0.0/8', '2001:db8::/32'], yes: '2001:db8::1', no: '11.0.0.1', garbage: '010.0.0.1' },
  NotIpAddress: { wanted: '10.0.0.0/8', yes: '11.0.0.1', no: '10.0.0.1', garbage: 'localhost' },
  ArnEquals: { wanted: 'arn:aws:s3:::a*', yes: 'arn:aws:s3:::ab', no: 'arn:aws:s3:::b' },
  ArnLike: { wanted: 'arn:aws:s3:::a*', yes: 'arn:aws:s3:::ab', no: 'arn:aws:s3:x::ab' },
  ArnNotEquals: { wanted: 'arn:aws:s3:::a*', yes: 'arn:aws:s3:::b', no: 'arn:aws:s3:::ab' },
  ArnNotLike: { wanted: 'arn:aws:s3:::a*', yes: 'arn:aws:s3:::b', no: 'arn:aws:s3:::ab' },
}

const comparing = [...operators.values()].filter(({ family }) => family !== 'null')

test('every operator has its row in the truth table', () => {
  expect(comparing.map(({ name }) => name)).toEqual(Object.keys(samples))
})

describe.for(comparing)('$name', ({ name, negated }) => {
  const sample = samples[name]
  if (sample === undefined) throw new Error(`no sample for ${name}`)
  const { wanted, yes, no, garbage } = sample
  const on = (operator: string, value?: ContextValue): string => answers(operator, wanted, value)

  test('by itself: single, missing, empty, several', () => {
    expect(on(name, yes)).toBe('true')
    expect(on(name, no)).toBe('false')
    expect(on(name)).toBe(String(negated))
    expect(on(name, [])).toBe(String(negated))
    expect(on(name, [yes])).toBe('true')
    expect(on(name, [no])).toBe('false')
    expect(on(name, [yes, yes])).toBe('unclear')
    if (garbage !== undefined) expect(on(name, garbage)).toBe('unclear')
  })

  test('with IfExists a missing key holds, and a present one is compared', () => {
    const operator = `${name}IfExists`
    expect(on(operator)).toBe('true')
    expect(on(operator, [])).toBe('true')
    expect(on(operator, yes)).toBe('true')
    expect(on(operator, no)).toBe('false')
  })

  test('with ForAllValues nothing holds, and every value must', () => {
    const operator = `ForAllValues:${name}`
    expect(on(operator)).toBe('true')
    expect(on(operator, [])).toBe('true')
    expect(on(operator, '')).toBe('true')
    expect(on(operator, ['', ''])).toBe('true')
    expect(on(operator, yes)).toBe('true')
    expect(on(operator, [yes, yes])).toBe('true')
    expect(on(operator, [yes, no])).toBe('false')
    if (garbage !== undefined) expect(on(operator, [yes, garbage])).toBe('unclear')
    if (garbage !== undefined) expect(on(operator, [no, garbage])).toBe('false')
  })

  test.for(['', 'IfExists'])('with ForAnyValue%s nothing does not hold, and one value suffices', (suffix) => {
    const operator = `ForAnyValue:${name}${suffix}`
    expect(on(operator)).toBe('false')
    expect(on(operator, [])).toBe('false')
    expect(on(operator, '')).toBe('false')
    expect(on(operator, yes)).toBe('true')
    expect(on(operator, [no, yes])).toBe('true')
    expect(on(operator, [no, no])).toBe('false')
    if (garbage !== undefined) expect(on(operator, [no, garbage])).toBe('unclear')
    if (garbage !== undefined) expect(on(operator, [yes, garbage])).toBe('true')
  })
})

describe('Null', () => {
  test.for<readonly [ConditionValues, ContextValue | undefined, string]>([
    ['true', undefined, 'true'],
    ['true', [], 'true'],
    ['true', '', 'true'],
    ['true', [''], 'true'],
    ['true', 'a', 'false'],
    ['true', ['', 'a'], 'false'],
    [false, undefined, 'false'],
    [false, [''], 'false'],
    [false, false, 'true'],
    [false, 0, 'true'],
    [false, ['a'], 'true'],
  ])('%s on %s is %s', ([wanted, value, answer]) => {
    expect(answers('Null', wanted, value)).toBe(answer)
  })
})

describe('values of another type than text', () => {
  test.for<readonly [string, ConditionValues, ContextValue, string]>([
    ['StringEquals', 'true', true, 'true'],
    ['StringEquals', 5, '5', 'true'],
    ['NumericEquals', 5, 5, 'true'],
    ['NumericEquals', 1, true, 'unclear'],
    ['Bool', true, true, 'true'],
    ['Bool', 'False', false, 'true'],
    ['Bool', true, 1, 'unclear'],
    ['DateLessThan', '2026-01-01', 1700000000, 'true'],
    ['DateLessThan', '2026-01-01', true, 'unclear'],
    ['IpAddress', '10.0.0.0/8', 10, 'unclear'],
    ['StringLike', 'a*', 'a'.repeat(8193), 'true'],
    ['StringLike', 'a*b', 'a'.repeat(8193), 'unclear'],
    ['ArnLike', 'arn:aws:s3:::a', 'a'.repeat(8193), 'unclear'],
  ])('%s %s on %s is %s', ([operator, wanted, value, answer]) => {
    expect(answers(operator, wanted, value)).toBe(answer)
  })
})
