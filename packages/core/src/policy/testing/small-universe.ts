import type { AccessRequest, ContextValue } from '@sallyport/core/access'
import fc from 'fast-check'

import { compileLayer, type LayerSet } from '../decide/policy-set.ts'
import type { Statement } from '../document.ts'
import { type Family, operators } from '../match/operators.ts'
import { validateDocument } from '../read/parse-policy.ts'
import { request } from './policies.ts'

const actions = ['s3:Get', 's3:Put']
const names = ['x', 'y', 'xy', 'x/y', 'xx', 'yx/xy', 'z']
const texts = ['', 'x', 'X', 'y', 'xy', 'Xy', 'yx', 'xx', 'z']
const values: readonly (ContextValue | undefined)[] = [
  undefined,
  ...texts,
  ['x'],
  ['x', 'y'],
  ['y', 'z'],
  ['z', 'z'],
  ['', 'x'],
]

/** Every request there is: two actions, seven resources, two keys with the values that short patterns tell apart. */
export const everyRequest: readonly AccessRequest[] = actions.flatMap((action) =>
  names.flatMap((name) =>
    values.flatMap((a) =>
      values.map((b) =>
        request({
          action,
          resource: `arn:aws:s3:::${name}`,
          context: { ...(a === undefined ? {} : { 'k:a': a }), ...(b === undefined ? {} : { 'k:b': b }) },
        }),
      ),
    ),
  ),
)

/** One or two of these. */
export const some = <T>(...from: readonly T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 2 })

const plain = ['x', 'y', 'xy', '']
const variables = [
  '${k:a}',
  '${k:b}',
  'x${k:b}',
  '${k:a}${k:b}',
  '${k:a}*',
  '*${k:b}',
  "${k:b, 'x'}",
  "${k:a, 'y'}${k:b}",
]
const textOperators = [
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLike',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
]

const condition = fc
  .record({
    prefix: fc.constantFrom('', '', '', 'ForAllValues:', 'ForAnyValue:'),
    operator: fc.constantFrom(...textOperators, 'Null'),
    suffix: fc.constantFrom('', '', 'IfExists'),
    key: fc.constantFrom('k:a', 'k:b'),
    operands: some(...plain, ...plain, 'x*', '*y', '?', ...variables),
    isNull: fc.constantFrom('true', 'false'),
  })
  .map(({ prefix, operator, suffix, key, operands, isNull }) =>
    operator === 'Null' ? { Null: { [key]: isNull } } : { [`${prefix}${operator}${suffix}`]: { [key]: operands } },
  )

const resource = fc.constantFrom(
  '*',
  ...['x', 'x*', '*y', 'x/*', '?', '${k:a}', '${k:a}*', '${k:a}/${k:b}', "${k:b, 'x'}*"].map(
    (name) => `arn:aws:s3:::${name}`,
  ),
)

const statement = fc
  .record({
    Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const),
    action: fc.constantFrom<Pick<Statement, 'Action' | 'NotAction'>>(
      { Action: 's3:*' },
      { Action: 's3:Get' },
      { NotAction: 's3:Put' },
    ),
    on: fc
      .tuple(fc.nat(4), fc.uniqueArray(resource, { minLength: 1, maxLength: 2 }))
      .map(([not, list]) => (not === 0 ? { NotResource: list } : { Resource: list })),
    conditions: fc.array(condition, { maxLength: 2 }),
  })
  .map(({ Effect, action, on, conditions }): Statement => {
    const Condition = Object.assign({}, ...conditions) as NonNullable<Statement['Condition']>
    return { Effect, ...action, ...on, ...(Object.keys(Condition).length === 0 ? {} : { Condition }) }
  })

/** Documents of up to three of these statements, of either Version. */
export const layersOf = (made: fc.Arbitrary<Statement>): fc.Arbitrary<LayerSet> =>
  fc
    .tuple(
      fc.constantFrom('2012-10-17' as const, '2012-10-17' as const, '2008-10-17' as const),
      fc.array(made, { minLength: 1, maxLength: 3 }),
    )
    .map(([Version, Statement]) => ({ Version, Statement }))
    .filter((document) => validateDocument(document, 'identity', 'p').ok)
    .map((document) => compileLayer('identity', [{ name: 'p', document }]))

/** Documents of few statements in which hardly anything but those requests is told apart. */
export const smallLayers: fc.Arbitrary<LayerSet> = layersOf(statement)

const typedTexts = [
  ...texts.slice(0, 2),
  'true',
  '5',
  '5.0',
  '7',
  '10',
  '2026-01-01',
  '2026-01-01T00:00:00Z',
  '2026-06-01',
  'AQID',
  'AQIE',
  '10.0.0.1',
  '10.1.2.3',
  '::ffff:10.1.2.3',
  '11.0.0.1',
  '2001:db8::1',
  '2001:db9::1',
  'arn:aws:s3:::x',
  'arn:aws:s3:::x:y',
  'arn:aws:s3:x::y',
  's3::',
]
const typedLists = [['5'], ['5', '10'], ['7', 'x'], ['10.1.2.3', '11.0.0.1'], ['', ''], ['2026-01-01', '2026-06-01']]
const readInManyWays: readonly (ContextValue | undefined)[] = [undefined, ...typedTexts, 5, true, ...typedLists]

/** Requests in which two keys hold what is a number, a date, an address, an ARN or base64, or several of these. */
export const everyTypedRequest: readonly AccessRequest[] = readInManyWays.flatMap((a) =>
  readInManyWays.map((b) =>
    request({
      action: 's3:Get',
      resource: 'arn:aws:s3:::x',
      context: { ...(a === undefined ? {} : { 'k:a': a }), ...(b === undefined ? {} : { 'k:b': b }) },
    }),
  ),
)

const typedOperands: Readonly<Record<Family, readonly string[]>> = {
  string: ['5', 'x', '10.1.2.3', '${k:b}', '${k:a}', "${k:b, '7'}"],
  'folded-string': ['X', 'aqid', '${k:b}'],
  pattern: ['1*', '*1', '*.*', '${k:b}*', 'x'],
  number: ['5', '7', '10'],
  date: ['2026-01-01', '2026-03-01T00:00:00Z', '5'],
  boolean: ['true', 'false'],
  null: ['true', 'false'],
  binary: ['AQID', 'AQIE'],
  address: ['10.0.0.0/8', '10.1.0.0/16', '::/0', '2001:db8::/32', '10.1.2.3'],
  arn: ['arn:aws:s3:::x*', 'arn:aws:s3:*:*:?', 'arn:*:s3:::${k:b}', 'arn:aws:${k:b}:x', '${k:b}:*', '*'],
}

const typedCondition = fc.constantFrom(...operators.values()).chain(({ name, family }) =>
  fc
    .record({
      prefix: family === 'null' ? fc.constant('') : fc.constantFrom('', '', 'ForAllValues:', 'ForAnyValue:'),
      suffix: family === 'null' ? fc.constant('') : fc.constantFrom('', 'IfExists'),
      key: fc.constantFrom('k:a', 'k:a', 'k:b'),
      wanted: some(...typedOperands[family]),
    })
    .map(({ prefix, suffix, key, wanted }) => ({ [`${prefix}${name}${suffix}`]: { [key]: wanted } })),
)

/** Documents that read those values in every way there is. */
export const typedLayers: fc.Arbitrary<LayerSet> = layersOf(
  fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Deny' as const),
      conditions: fc.array(typedCondition, { minLength: 1, maxLength: 2 }),
    })
    .map(({ Effect, conditions }): Statement => ({
      Effect,
      Action: 's3:*',
      Resource: '*',
      Condition: Object.assign({}, ...conditions) as NonNullable<Statement['Condition']>,
    })),
)
