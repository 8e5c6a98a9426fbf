import type { AccessRequest, ContextValue } from '@sallyport/core/access'
import fc from 'fast-check'

import { compileLayer, type LayerSet } from '../decide/policy-set.ts'
import type { Statement } from '../document.ts'
import { validateDocument } from '../read/parse-policy.ts'
import { request } from './policies.ts'

const actions = ['s3:Get', 's3:Put']
const names = ['x', 'y', 'xy', 'x/y', 'xx', 'yx/xy', 'z']
const texts = ['', 'x', 'y', 'xy', 'yx', 'xx', 'z']
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

const some = <T>(...from: readonly T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 2 })

const plain = ['x', 'y', 'xy', '']
const variables = ['${k:a}', '${k:b}', 'x${k:b}', '${k:a}${k:b}', "${k:b, 'x'}", "${k:a, 'y'}${k:b}"]
const operators = ['StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike']

const condition = fc
  .record({
    prefix: fc.constantFrom('', '', '', 'ForAllValues:', 'ForAnyValue:'),
    operator: fc.constantFrom(...operators, 'Null'),
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

/** Documents of few statements in which hardly anything but those requests is told apart. */
export const smallLayers: fc.Arbitrary<LayerSet> = fc
  .tuple(
    fc.constantFrom('2012-10-17' as const, '2012-10-17' as const, '2008-10-17' as const),
    fc.array(statement, { minLength: 1, maxLength: 3 }),
  )
  .map(([Version, Statement]) => ({ Version, Statement }))
  .filter((document) => validateDocument(document, 'identity', 'p').ok)
  .map((document) => compileLayer('identity', [{ name: 'p', document }]))
