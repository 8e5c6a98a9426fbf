import { describe, expect, test } from 'vitest'

import { limits, parsePolicy, type PolicyFault } from '../index.ts'

const allowed = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }

function faultsOf(text: string): readonly PolicyFault[] {
  const parsed = parsePolicy(text, 'identity', 'p')
  return parsed.ok ? [] : parsed.faults
}

describe('a policy text', () => {
  test('with a number of too many digits is refused as written, not as rounded', () => {
    const condition = '{"NumericLessThan":{"a:b":9007199254740993}}'
    const text = `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":${condition}}}`
    expect(faultsOf(text)).toMatchObject([{ code: 'policy.invalid_operand' }])
    expect(faultsOf(text.replace('9007199254740993', '9007199'))).toEqual([])
  })

  test('with a name twice is refused, also when one spelling is escaped', () => {
    const text = '{"Statement":[{"Effect":"Deny","\\u0045ffect":"Allow","Action":"*","Resource":"*"}]}'
    expect(faultsOf(text)).toMatchObject([{ code: 'policy.duplicate_key', line: 1, column: 32 }])
  })

  test('with one operator twice is refused: the reviewer may read the first and the engine the last', () => {
    const condition = '{"Bool":{"a:b":true},"Bool":{"a:c":true}}'
    const text = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":${condition}}}`
    expect(faultsOf(text)).toMatchObject([{ code: 'policy.duplicate_key' }])
    expect(faultsOf(text.replace(',"Bool"', ',"BoolIfExists"'))).toEqual([])
  })

  test('that typographic quotes are no fault of is told its own faults', () => {
    const text = '{"Statement":{"Sid":"a “b”","Effect":"Allow","Actoin":"*","Resource":"*"}}'
    expect(faultsOf(text)[0]).toMatchObject({ code: 'policy.unknown_element', suggestion: 'Action' })
    expect(faultsOf('{“Statement”: [}')).toMatchObject([{ code: 'policy.syntax' }])
  })

  test('without a Statement is refused', () => {
    expect(faultsOf('{"Version":"2012-10-17"}')).toMatchObject([{ code: 'policy.missing_element' }])
  })

  test.for([
    ['a trailing comma', '{"Statement":[],}'],
    ['a comment', '{"Statement":[] /* all */}'],
    ['a second document', '{} {}'],
    ['nothing', ''],
    ['a raw line break in a string', '{"Id":"a\nb"}'],
    ['half a surrogate pair', '{"Id":"\\ud800"}'],
    ['an unknown escape', '{"Id":"\\x41"}'],
    ['an escape of three digits', '{"Id":"\\u004g"}'],
    ['a name without its first quotation mark', '{Id":"a"}'],
    ['a number with a leading zero', '{"Id":01}'],
    ['a string without end', '{"Id":"'],
  ] as const)('that is no JSON is refused: %s', ([, text]) => {
    expect(faultsOf(text)).toMatchObject([{ code: 'policy.syntax' }])
  })

  test('over its bounds is refused with a clear fault', () => {
    expect(faultsOf(' '.repeat(limits.policyBytes + 1))).toMatchObject([{ code: 'policy.too_large' }])
    expect(faultsOf(`{"Id":"${'é'.repeat(limits.policyBytes / 2)}"}`)).toMatchObject([{ code: 'policy.too_large' }])
    expect(faultsOf('['.repeat(100_000))).toMatchObject([{ code: 'policy.too_deep' }])
    expect(faultsOf('['.repeat(32) + ']'.repeat(32))).toMatchObject([{ code: 'policy.wrong_type' }])
  })

  test('as the guide prints it is one fault that offers the corrected document', () => {
    const printed = [
      '{',
      '“Version”: “2012-10-17”,',
      '“Statement”: [',
      '{',
      '“Effect”: “Allow”,',
      '“Action”: “dynamodb:PutItem”,',
      '“Resource”: “arn:aws:dynamodb:us-east-1:123456789012:table/Orders”',
      '}',
      ']',
      '}',
    ].join('\n')
    const faults = faultsOf(printed)
    expect(faults).toMatchObject([{ code: 'policy.typographic_quotes', line: 2, column: 1 }])
    expect(faults[0]?.corrected).toBe(printed.replaceAll(/[“”]/g, '"'))
    expect(faultsOf(faults[0]?.corrected ?? '')).toEqual([])
  })

  test('with single typographic quotes, dashes and hard spaces is corrected too', () => {
    const statement = '{‘Sid’: ‘Alice\u2019, ‘Effect’: “Deny”, ‘Action’: ‘*’, ‘Resource’: ‘*’}'
    const printed = `{\u00a0‘Version’: ‘2012–10–17’, ‘Statement’: ${statement}}`
    const faults = faultsOf(printed)
    expect(faults.map(({ code }) => code)).toEqual(['policy.typographic_quotes'])
    expect(faultsOf(faults[0]?.corrected ?? '')).toEqual([])
  })

  test('with an en dash in its Version is corrected too', () => {
    const faults = faultsOf(JSON.stringify({ ...allowed, Version: '2012–10–17' }))
    expect(faults.map(({ code }) => code)).toEqual(['policy.typographic_quotes'])
  })

  test('with typographic quotes inside a straight string is left as it is', () => {
    expect(faultsOf(JSON.stringify({ ...allowed, Id: 'the “own” rule – Alice’s' }))).toEqual([])
  })

  test('with typographic quotes and another fault reports both', () => {
    const faults = faultsOf('{“Statement”: [{“Effect”: “Maybe”, “Action”: “*”, “Resource”: “*”}]}')
    expect(faults.map(({ code }) => code)).toEqual(['policy.typographic_quotes', 'policy.invalid_value'])
  })
})
