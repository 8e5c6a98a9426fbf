import type { AccessRequest, ContextValue } from '@sallyport/core/access'

import { decide } from './decide/decide.ts'
import { compile } from './decide/policy-set.ts'
import type { ConditionValues } from './document.ts'
import { operators } from './match/operators.ts'

/** What a condition comes to: it holds, it does not, or it is unclear: no leave in an Allow, and reason in a Deny. */
export type Truth = 'true' | 'false' | 'unclear'

/** What an operator answers on `value`, read off an Allow, and off a Deny beside an Allow. */
export function answers(operator: string, wanted: ConditionValues, value: ContextValue | undefined): Truth {
  const context = value === undefined ? {} : { 'app:key': value }
  const asked: AccessRequest = { ...someRequest, context }
  const everything = { Action: '*', Resource: '*' } as const
  const Version = '2012-10-17'
  const Condition = { [operator]: { 'app:key': wanted } }
  const effectOf = (effect: 'Allow' | 'Deny') =>
    decide(compile({ identity: [{ name: 'p', document: { Version, Statement: statements(effect) } }] }), [asked]).effect
  const statements = (effect: 'Allow' | 'Deny') =>
    effect === 'Allow'
      ? [{ Effect: effect, ...everything, Condition }]
      : [
          { Effect: 'Allow' as const, ...everything },
          { Effect: effect, ...everything, Condition },
        ]
  const allows = effectOf('Allow') === 'allow'
  const denies = effectOf('Deny') === 'deny'
  if (allows === denies) return allows ? 'true' : 'false'
  if (denies) return 'unclear'
  throw new Error(`${operator} allows what it does not deny`)
}

const someRequest = {
  id: '0',
  transaction: '0',
  subject: { kind: 'function', id: 'arn:sallyport:function:a:in:f', name: 'f', roles: [] },
  action: 'app:Do',
  resource: '*',
  actors: [],
} as const

/** A value that matches, one that does not, and one that cannot be read (where there is one). */
export interface Sample {
  readonly wanted: ConditionValues
  readonly yes: string
  readonly no: string
  readonly garbage?: string
}

/** One sample for every operator that compares; `Null` compares nothing. */
export const samples: Readonly<Record<string, Sample>> = {
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

/** What a context key may hold, as the columns of the table. */
export const truthColumns = [
  'missing',
  'empty list',
  'empty text',
  'one that matches',
  'one that does not',
  'unreadable',
  'several, all match',
  'several, one matches',
  'several, none matches',
] as const

/** One operator as it is spelled, and its answer in each column; a dash where no value is unreadable. */
export interface TruthRow {
  readonly operator: string
  readonly cells: Readonly<Record<(typeof truthColumns)[number], Truth | '-'>>
}

/** The answers of every operator, alone, with IfExists and under both quantifiers. */
export function truthTable(): readonly TruthRow[] {
  const rows = Object.entries(samples).flatMap(([name, { wanted, yes, no, garbage }]) =>
    [name, `${name}IfExists`, `ForAllValues:${name}`, `ForAnyValue:${name}`].map((operator): TruthRow => {
      const on = (value?: ContextValue): Truth => answers(operator, wanted, value)
      const [matching, other] = operators.get(name)?.negated === true ? [no, yes] : [yes, no]
      return {
        operator,
        cells: {
          missing: on(),
          'empty list': on([]),
          'empty text': on(''),
          'one that matches': on(matching),
          'one that does not': on(other),
          unreadable: garbage === undefined ? '-' : on(garbage),
          'several, all match': on([matching, matching]),
          'several, one matches': on([matching, other]),
          'several, none matches': on([other, other]),
        },
      }
    }),
  )
  const isNull = (value?: ContextValue): Truth => answers('Null', 'true', value)
  const present = { 'one that matches': isNull('a'), 'one that does not': isNull('a'), unreadable: '-' } as const
  const several = isNull(['a', 'b'])
  const nothing = { missing: isNull(), 'empty list': isNull([]), 'empty text': isNull('') }
  const many = { 'several, all match': several, 'several, one matches': several, 'several, none matches': several }
  return [...rows, { operator: 'Null (true)', cells: { ...nothing, ...present, ...many } }]
}
