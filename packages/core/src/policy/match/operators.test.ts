import type { ContextValue } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import type { ConditionValues } from '../document.ts'
import { answers, samples, truthTable } from '../truth-table.ts'
import { operators } from './operators.ts'

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

describe('the truth table', () => {
  test('has a row for every operator under every quantifier, and holds at least once in each', () => {
    const rows = truthTable()
    expect(rows.length).toBe(comparing.length * 4 + 1)
    for (const { cells } of rows) expect(Object.values(cells)).toContain('true')
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
    ['ArnLike', 'arn:aws:iam::*:*', 'arn:aws:iam::1', 'false'], // no ARN: a part is lacking
    ['ArnLike', '*:aws:s3:::a', 'arn:aws:s3:::a', 'true'],
    ['IpAddress', '0.0.0.0/0', '10..0.1', 'unclear'],
    ['IpAddress', '0.0.0.0/0', '10.0.0.', 'unclear'],
    ['StringEquals', '${app:other}', 'undefined', 'false'], // a key that is absent stands for no text
    ['BinaryEquals', 'AQI=', 'AQI=', 'true'],
    ['BinaryEquals', 'AQI=', 'AQI', 'unclear'],
    ['BinaryEquals', 'AQI=', 'AQ I=', 'unclear'],
    ['BinaryEquals', 'AQI=', 'AQJ=', 'unclear'], // the same bytes, and bits of a third
    ['ForAllValues:StringEquals', 'a', '', 'true'], // an empty text is no value
    ['ForAnyValue:StringNotEquals', 'a', '', 'false'],
  ])('%s %s on %s is %s', ([operator, wanted, value, answer]) => {
    expect(answers(operator, wanted, value)).toBe(answer)
  })
})
