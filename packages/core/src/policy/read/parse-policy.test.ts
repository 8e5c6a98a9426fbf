import { describe, expect, test } from 'vitest'

import { limits, parsePolicy, type PolicyFault, type PolicyKind, validateDocument } from '../index.ts'

const allowed = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }

function faultsOf(text: string, kind: PolicyKind = 'identity'): readonly PolicyFault[] {
  const parsed = parsePolicy(text, kind, 'p')
  return parsed.ok ? [] : parsed.faults
}

function codesOf(statement: Record<string, unknown>, kind: PolicyKind = 'identity'): readonly string[] {
  return faultsOf(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }), kind).map(({ code }) => code)
}

const valid = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }

describe('a policy document', () => {
  test('is read, one statement and one string being lists of one', () => {
    const parsed = parsePolicy(JSON.stringify({ ...allowed, Statement: allowed.Statement[0] }), 'identity', 'p')
    expect(parsed).toEqual({
      ok: true,
      document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['*'] }] },
    })
  })

  test('may start with a byte order mark', () => {
    expect(faultsOf('\ufeff' + JSON.stringify(allowed))).toEqual([])
  })

  test('reports everything that is wrong, each with line and column', () => {
    const text = `{
  "Version": "2012-10-71",
  "Statement": [
    {
      "Effect": "allow",
      "Actions": "s3:GetObject",
      "Resource": ["aws:s3:::shop", "*"],
      "Condition": { "StringEqual": { "aws:SourceIp": [] } }
    }
  ]
}`
    expect(faultsOf(text).map(({ code, line, column, suggestion }) => ({ code, line, column, suggestion }))).toEqual([
      { code: 'policy.invalid_value', line: 2, column: 14, suggestion: '2012-10-17' },
      { code: 'policy.unknown_element', line: 6, column: 7, suggestion: 'Action' },
      { code: 'policy.invalid_value', line: 5, column: 17, suggestion: 'Allow' },
      { code: 'policy.invalid_arn', line: 7, column: 20, suggestion: undefined },
      { code: 'policy.unknown_operator', line: 8, column: 22, suggestion: 'StringEquals' },
      { code: 'policy.empty', line: 8, column: 55, suggestion: undefined },
      { code: 'policy.missing_element', line: 4, column: 5, suggestion: undefined },
    ])
  })

  test.for<readonly [string, Record<string, unknown>, string, PolicyKind?]>([
    [
      'NotPrincipal with Allow',
      { Effect: 'Allow', NotPrincipal: { AWS: '123456789012' }, Action: '*' },
      'policy.illegal_combination',
      'resource',
    ],
    ['Principal in an identity policy', { ...valid, Principal: '*' }, 'policy.illegal_combination'],
    ['Principal in a boundary', { ...valid, Principal: '*' }, 'policy.illegal_combination', 'boundary'],
    [
      'a named Principal in a guardrail',
      { ...valid, Effect: 'Deny', Principal: { AWS: '*' } },
      'policy.illegal_combination',
      'guardrail',
    ],
    ['Allow in a guardrail', valid, 'policy.illegal_combination', 'guardrail'],
    ['both Action and NotAction', { ...valid, NotAction: 's3:*' }, 'policy.illegal_combination'],
    ['both Resource and NotResource', { ...valid, NotResource: '*' }, 'policy.illegal_combination'],
    [
      'both Principal and NotPrincipal',
      { ...valid, Effect: 'Deny', Principal: '*', NotPrincipal: '*' },
      'policy.illegal_combination',
      'resource',
    ],
    ['no Principal in a resource policy', valid, 'policy.missing_element', 'resource'],
    ['no Resource in an identity policy', { Effect: 'Allow', Action: '*' }, 'policy.missing_element'],
    ['no Action', { Effect: 'Allow', Resource: '*' }, 'policy.missing_element'],
    ['no Effect', { Action: '*', Resource: '*' }, 'policy.missing_element'],
    ['an empty Action', { ...valid, Action: [] }, 'policy.empty'],
    ['an empty Resource', { ...valid, Resource: [] }, 'policy.empty'],
    ['a number for an action', { ...valid, Action: [5] }, 'policy.wrong_type'],
    ['null for a condition value', { ...valid, Condition: { StringEquals: { 'a:b': null } } }, 'policy.wrong_type'],
    ['an action without service', { ...valid, Action: 'GetObject' }, 'policy.invalid_action'],
    ['a wildcard in the service', { ...valid, Action: 's*:GetObject' }, 'policy.invalid_action'],
    ['a variable in an action', { ...valid, Action: 's3:${aws:username}' }, 'policy.invalid_action'],
    ['a resource of five parts', { ...valid, Resource: 'arn:aws:s3::shop' }, 'policy.invalid_arn'],
    ['what only looks like an ARN', { ...valid, Resource: 'urn:aws:s3:::shop' }, 'policy.invalid_arn'],
    ['a resource with a control character', { ...valid, Resource: 'arn:aws:s3:::sh\u0007op' }, 'policy.invalid_arn'],
    ['an ARN that names no resource', { ...valid, Resource: 'arn:aws:s3:::' }, 'policy.invalid_arn'],
    ['an unknown partition', { ...valid, Resource: 'arn:awz:s3:::shop' }, 'policy.invalid_arn'],
    ['a variable before the fifth colon', { ...valid, Resource: 'arn:aws:s3::${aws:x}:shop' }, 'policy.invalid_arn'],
    ['a variable without end', { ...valid, Resource: 'arn:aws:s3:::${aws:username' }, 'policy.invalid_variable'],
    [
      'a variable that names no key',
      { ...valid, Condition: { StringLike: { 'a:b': '${x}' } } },
      'policy.invalid_variable',
    ],
    [
      'a default without quotes',
      { ...valid, Condition: { StringLike: { 'a:b': '${a:b, x}' } } },
      'policy.invalid_variable',
    ],
    [
      'a default without comma',
      { ...valid, Condition: { StringLike: { 'a:b': "${aws:username 'x'}" } } },
      'policy.invalid_variable',
    ],
    [
      'a default with something behind it',
      { ...valid, Condition: { StringLike: { 'a:b': "${a:b, 'x'y}" } } },
      'policy.invalid_variable',
    ],
    [
      'a default without end',
      { ...valid, Condition: { StringLike: { 'a:b': "${a:b, 'x}" } } },
      'policy.invalid_variable',
    ],
    ['a statement that is a text', JSON.parse('"Allow"'), 'policy.wrong_type'],
    ['a Principal that is a number', { ...valid, Principal: 5 }, 'policy.wrong_type', 'resource'],
    ['a variable in Bool', { ...valid, Condition: { Bool: { 'a:b': '${a:c}' } } }, 'policy.invalid_operand'],
    [
      'a principal with a wildcard inside',
      { ...valid, Principal: { AWS: 'arn:aws:iam::1:role/*' } },
      'policy.invalid_principal',
      'resource',
    ],
    [
      'a bare string principal',
      { ...valid, Principal: 'arn:aws:iam::123456789012:root' },
      'policy.invalid_principal',
      'resource',
    ],
    ['an unknown principal type', { ...valid, Principal: { Aws: '*' } }, 'policy.unknown_element', 'resource'],
    ['NullIfExists', { ...valid, Condition: { NullIfExists: { 'a:b': 'true' } } }, 'policy.unknown_operator'],
    ['ForAnyValue:Null', { ...valid, Condition: { 'ForAnyValue:Null': { 'a:b': 'true' } } }, 'policy.unknown_operator'],
    [
      'an unknown set prefix',
      { ...valid, Condition: { 'ForSome:StringLike': { 'a:b': 'x' } } },
      'policy.unknown_operator',
    ],
    [
      'an operator in the wrong case',
      { ...valid, Condition: { stringequals: { 'a:b': 'x' } } },
      'policy.unknown_operator',
    ],
    [
      '__proto__ as operator',
      JSON.parse('{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"__proto__":{"a:b":"x"}}}'),
      'policy.unknown_operator',
    ],
    [
      '__proto__ as key',
      JSON.parse('{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"__proto__":true}}}'),
      'policy.invalid_condition_key',
    ],
    ['a key without prefix', { ...valid, Condition: { Bool: { mfa: true } } }, 'policy.invalid_condition_key'],
    [
      'one key in two spellings',
      { ...valid, Condition: { Bool: { 'a:b': true, 'A:B': true } } },
      'policy.duplicate_key',
    ],
    ['an operator without keys', { ...valid, Condition: { Bool: {} } }, 'policy.empty'],
    ['no number', { ...valid, Condition: { NumericLessThan: { 'a:b': '1e3' } } }, 'policy.invalid_operand'],
    [
      'too many digits',
      { ...valid, Condition: { NumericLessThan: { 'a:b': '9007199254740993' } } },
      'policy.invalid_operand',
    ],
    [
      'too many digits in two parts',
      { ...valid, Condition: { NumericLessThan: { 'a:b': '1234567890.123456' } } },
      'policy.invalid_operand',
    ],
    ['no date', { ...valid, Condition: { DateLessThan: { 'a:b': '01.02.2026' } } }, 'policy.invalid_operand'],
    ['four digits for a date', { ...valid, Condition: { DateLessThan: { 'a:b': '2026' } } }, 'policy.invalid_operand'],
    ['no address', { ...valid, Condition: { IpAddress: { 'a:b': '10.0.0.0/33' } } }, 'policy.invalid_operand'],
    ['a number for an address', { ...valid, Condition: { IpAddress: { 'a:b': 10 } } }, 'policy.invalid_operand'],
    ['a wildcard address', { ...valid, Condition: { IpAddress: { 'a:b': '10.0.0.*' } } }, 'policy.invalid_operand'],
    ['no base64', { ...valid, Condition: { BinaryEquals: { 'a:b': 'AQI' } } }, 'policy.invalid_operand'],
    ['neither true nor false', { ...valid, Condition: { Null: { 'a:b': 'yes' } } }, 'policy.invalid_operand'],
    ['no ARN under ArnLike', { ...valid, Condition: { ArnLike: { 'a:b': 'arn:aws:s3*' } } }, 'policy.invalid_arn'],
    [
      'a pattern that is too long',
      { ...valid, Resource: `arn:aws:s3:::${'a*'.repeat(limits.resourceLength)}` },
      'policy.too_large',
    ],
    [
      'a condition value that is too long',
      { ...valid, Condition: { StringLike: { 'a:b': '*a'.repeat(limits.operandLength) } } },
      'policy.too_large',
    ],
    ['a Sid with a line break', { ...valid, Sid: 'a\nb' }, 'policy.invalid_value'],
  ])('is refused for %s', ([, statement, code, kind = 'identity']) => {
    expect(codesOf(statement, kind)).toContain(code)
  })

  test.for<readonly [string, Record<string, unknown>, PolicyKind]>([
    ['an identity', valid, 'identity'],
    [
      'a resource',
      {
        ...valid,
        Principal: {
          AWS: ['123456789012', 'arn:aws:iam::123456789012:root'],
          Sallyport: 'arn:sallyport:function:a:b:c',
        },
      },
      'resource',
    ],
    [
      'a resource policy that leaves Resource to where it is attached',
      { Effect: 'Deny', NotPrincipal: { AWS: '*' }, Action: '*' },
      'resource',
    ],
    ['a guardrail', { ...valid, Effect: 'Deny', Principal: '*' }, 'guardrail'],
    ['an identity whose Condition is empty', { ...valid, Condition: {} }, 'identity'],
  ])('is accepted as %s policy', ([, statement, kind]) => {
    expect(codesOf(statement, kind)).toEqual([])
  })

  test('is refused when two statements have one Sid', () => {
    const twice = JSON.stringify({
      Statement: [
        { ...valid, Sid: 'a' },
        { ...valid, Sid: 'a' },
      ],
    })
    expect(faultsOf(twice).map(({ code }) => code)).toEqual(['policy.duplicate_sid'])
  })
})

describe('a document made in memory', () => {
  test('is checked by the same rules, with a path in place of a line', () => {
    const faults = validateDocument({ Statement: [{ Effect: 'Allow', Action: [], Resource: '*' }] }, 'identity', 'made')
    expect(faults).toMatchObject({
      ok: false,
      faults: [{ code: 'policy.empty', policy: 'made', path: 'Statement[0].Action', line: 0, column: 0 }],
    })
  })

  test('that hides a condition in a prototype is refused', () => {
    const hidden = {
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: { __proto__: { Bool: {} } } }],
    }
    expect(validateDocument(hidden, 'identity', 'p')).toMatchObject({ faults: [{ code: 'policy.not_plain_data' }] })
  })

  const foreign = [undefined, Number.NaN, () => 1, new Map(), Symbol('s'), 1n]
  test.for(foreign)('that is no plain data is refused: %s', (value) => {
    expect(validateDocument({ Statement: [value] }, 'identity', 'p').ok).toBe(false)
  })

  test('that holds half a letter is refused', () => {
    const half = (text: string): object => ({
      Statement: [{ ...valid, Condition: { StringEquals: { 'a:b': text } } }],
    })
    expect(validateDocument(half('\ud800'), 'identity', 'p')).toMatchObject({
      faults: [{ code: 'policy.not_plain_data' }],
    })
    expect(validateDocument(half('\ud83d\ude00'), 'identity', 'p').ok).toBe(true)
  })

  test('that contains itself is refused', () => {
    const cycle: Record<string, unknown> = {}
    cycle['Statement'] = cycle
    expect(validateDocument(cycle, 'identity', 'p')).toMatchObject({ faults: [{ code: 'policy.too_deep' }] })
  })
})
