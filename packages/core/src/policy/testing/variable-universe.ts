import type { AccessRequest, ContextValue } from '@sallyport/core/access'
import fc from 'fast-check'

import type { LayerSet } from '../decide/policy-set.ts'
import type { Statement } from '../document.ts'
import { type Family, operators } from '../match/operators.ts'
import { request } from './policies.ts'
import { layersOf, some } from './small-universe.ts'

/** Documents, and every request that hardly anything but they tells apart. */
export interface VariableUniverse {
  readonly of: string
  readonly layers: fc.Arbitrary<LayerSet>
  readonly every: readonly AccessRequest[]
}

/** By family, the values that its operators are written with. */
type Operands = Partial<Record<Family, readonly string[]>>

/** What a small universe of two keys is made of. */
export interface Parts {
  readonly of: string
  /** How a request spells the two keys. */
  readonly asked?: readonly [string, string]
  /** What each of two keys may hold. */
  readonly values: readonly (ContextValue | undefined)[]
  /** How the policies spell the keys. */
  readonly keys: readonly string[]
  /** Names of resources, and patterns of them. */
  readonly names: readonly string[]
  readonly resources: readonly string[]
  /** How many conditions a statement has at least: none where not said, unless all are on every resource. */
  readonly fewest?: number
  readonly operands: Operands
}

/** Every request of two keys and some names, and documents that read those in the ways named. */
export function universe(parts: Parts): VariableUniverse {
  const { of, asked = ['k:a', 'k:b'], values, keys, names, resources, operands } = parts
  const [one, other] = asked
  const fewest = parts.fewest ?? (resources.length === 0 ? 1 : 0)
  const condition = conditions(operands, keys)
  const on = some('*', ...resources.map((name) => `arn:aws:s3:::${name}`))
  const statement = fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const),
      on: fc.tuple(fc.nat(3), on).map(([not, list]) => (not === 0 ? { NotResource: list } : { Resource: list })),
      conditions: fc.array(condition, { minLength: fewest, maxLength: 2 }),
    })
    .map(({ Effect, on: where, conditions: made }): Statement => {
      const Condition = Object.assign({}, ...made) as NonNullable<Statement['Condition']>
      return { Effect, Action: 's3:*', ...where, ...(Object.keys(Condition).length === 0 ? {} : { Condition }) }
    })
  const every = values.flatMap((a) =>
    values.flatMap((b) =>
      names.map((name) =>
        request({
          action: 's3:Get',
          resource: `arn:aws:s3:::${name}`,
          context: { ...(a === undefined ? {} : { [one]: a }), ...(b === undefined ? {} : { [other]: b }) },
        }),
      ),
    ),
  )
  return { of, layers: layersOf(statement), every }
}

function conditions(operands: Operands, keys: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const families = Map.groupBy(operators.values(), ({ family }) => family)
  const known = [...families].filter(([family]) => operands[family] !== undefined)
  const operator = fc.constantFrom(...known).chain(([, same]) => fc.constantFrom(...same))
  return operator.chain(({ name, family }) =>
    fc
      .record({
        prefix: family === 'null' ? fc.constant('') : fc.constantFrom('', '', '', 'ForAllValues:', 'ForAnyValue:'),
        suffix: family === 'null' ? fc.constant('') : fc.constantFrom('', '', 'IfExists'),
        key: fc.constantFrom(...keys),
        wanted: some(...(operands[family] ?? [])),
      })
      .map(({ prefix, suffix, key, wanted }) => ({ [`${prefix}${name}${suffix}`]: { [key]: wanted } })),
  )
}

/** What `Null` asks. */
export const presence: readonly string[] = ['true', 'false']
/** Words that are parted by spaces. */
export const words = (text: string): readonly string[] => text.split(' ')
const long = (length: number): string => 'x'.repeat(length)

/** Where variables stand in patterns: beside wildcards and what is written like one, in ARNs, and for long texts. */
export const variableUniverses: readonly VariableUniverse[] = [
  universe({
    of: 'ARNs with variables',
    values: [
      undefined,
      '',
      ...words('x y : x:y s3 s3:: s3:::x aws:s3 * arn:aws:::x:x:y arn:aws:s3:::x arn:aws:s3:::x:y arn:aws:s3:::'),
      ...words('arn:aws:s3:::* arn:aws:s3:x::y arn:x:s3:::x'),
      ['x'],
      ['arn:aws:s3:::x'],
      ['x', 'y'],
      ['', ''],
      ['arn:aws:s3:::x', 'arn:aws:s3:::x:y'],
    ],
    keys: ['k:a', 'k:b'],
    names: ['x', 'x:y'],
    resources: words("x ${k:a} ${k:a}:* ?${k:b}* ${k:b,'x'} ${*}"),
    operands: {
      arn: [
        ...words('* ${k:b} ${k:a} *${k:b}* ${k:b}${k:a} ${k:b}:* *:${k:b} ${k:a}* arn:aws:s3:::x* arn:aws:s3:::?'),
        ...words('arn:aws:s3:*:*:?* arn:*:*:*:*:* arn:aws:s3:::${*} arn:aws:s3:::${k:b} arn:aws:${k:b}:x'),
        ...words("arn:aws:${k:b}x arn:${k:b}:::x arn:aws:s3:${k:b}::y arn:aws:s3:::${k:b,'x'} arn:aws:${k:b,'s3::'}:x"),
        ...words("arn:aws:s3:::${k:b}* arn:aws:s3:::?${k:b} arn:aws:s3:${k:a,''}::*"),
      ],
      string: words('x arn:aws:s3:::x ${k:b} arn:aws:s3:::${k:b}'),
      pattern: words('*x arn:* ${k:b}* arn:aws:s3:::${k:b} *:${k:b}'),
      null: presence,
    },
  }),
  universe({
    of: 'wildcards, what is written like one, and letters of either case',
    values: [
      undefined,
      '',
      ...words("x X * ? $ x* *x ?? ${*} ${k:b} x${k:b} ${k:b,'x'} k K \u212a \u0130 i\u0307 \u0307"),
      ['x'],
      ['X', '*'],
      ['', '*'],
      ['', ''],
    ],
    keys: ['k:a', 'k:b', 'K:A'],
    names: words('x * ? ${*} ${k:a} X'),
    resources: words("x ${*} ${?} ${$} ${k:a} ?${k:b} x${k:b} ${*}${k:a} ${k:b,'*'} ? $*"),
    operands: {
      string: words("x * ${*} ${?} ${$} ${k:b} ${k:a} ${k:b,'*'} ${*}${k:b} x${*} \u0130"),
      'folded-string': words("X k ${*} ${k:b} ${k:a} ${k:b,'X'} x${k:b} ${k:b}${k:b} i${k:b}"),
      pattern: words("? ?? ${*} ${?}? *${*} ${k:b}? ?${k:b} *${k:b}* ${k:a} x${k:a} ${$}* ${k:b,'*'}? *x x* i*"),
      null: presence,
    },
  }),
  universe({
    of: 'texts longer than patterns',
    values: [
      undefined,
      '',
      ...words('x y yx'),
      ...[4097, 8192, 8193].map(long),
      ...[5000, 8193].map((length) => `y${long(length)}`),
      ['x', long(8193)],
      [long(8193), long(8193)],
    ],
    keys: ['k:a', 'k:a', 'k:b'],
    names: ['x'],
    resources: [],
    operands: {
      string: words("x ${k:b} ${k:a} y${k:b} ${k:b,'x'}"),
      'folded-string': words('X ${k:b}'),
      pattern: words('x* *x *? ${k:b} ${k:b}* ${k:a} ${k:a}* y${k:b} y* *${k:b} * y${k:a} ${k:a}${k:b}'),
      arn: words('* ${k:b} ${k:a}*'),
      null: ['false'],
    },
  }),
]
