import { describe, expect, test } from 'vitest'

import type { Statement } from '../document.ts'
import { lintPolicy } from './lint.ts'

function lint(statements: readonly Statement[], kind: 'identity' | 'resource' = 'identity'): readonly string[] {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 1)
  const result = lintPolicy(text, kind, 'p')
  if (!result.ok) throw new Error(result.faults[0]?.message)
  return result.findings.map(({ code, statement, line }) => {
    // The position is that of the statement's brace.
    expect(text.split('\n')[line - 1]?.trim()).toBe('{')
    return `${statement} ${code}`
  })
}

const photos = 'arn:aws:s3:::photos/*'
const allow = (Action: string | string[], Resource: string, more: Partial<Statement> = {}): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})

describe('lint', () => {
  test('has nothing to say of statements that each say something', () => {
    expect(lint([allow('s3:GetObject', photos), allow('s3:PutObject', photos)])).toEqual([])
    expect(lint([allow('s3:*', photos), { ...allow('s3:Put*', photos), Effect: 'Deny' }])).toEqual([])
  })

  test.each<[string, readonly Statement[], readonly string[]]>([
    ['a star', [allow('s3:*', '*')], ['0 lint.broad']],
    ['halves that make the whole', [allow(['s3:*t', 's3:*'], 'arn:*'), allow('kms:Sign', '*')], []],
    ['the whole in two', [allow(['iam:Get*', 'iam:*'], '*')], ['0 lint.broad']],
    ['everything', [allow('*', '*')], ['0 lint.broad']],
    ['everything but', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], []],
    ['under a condition', [allow('s3:*', '*', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } })], []],
    [
      'under a condition that always holds',
      [
        allow('s3:*', '*', {
          Condition: { StringLikeIfExists: { 'aws:PrincipalTag/t': '*' }, Null: { 'k:a': ['true', 'false'] } },
        }),
      ],
      [],
    ],
    [
      'under no condition at all',
      [allow('s3:*', '*', { Condition: { Null: { 'k:a': ['true', 'false'] } } })],
      ['0 lint.broad'],
    ],
  ])('broad: %s', (_, statements, found) => {
    expect(lint(statements)).toEqual(found)
  })

  test('never: conditions that exclude each other, by operators, numbers, networks and lists', () => {
    const contradictions: readonly Statement['Condition'][] = [
      { StringEquals: { 'k:a': 'x' }, StringNotLike: { 'k:a': 'x*' } },
      { NumericLessThan: { 'k:a': 1 }, NumericGreaterThan: { 'k:a': 1 } },
      { IpAddress: { 'k:a': '10.0.0.0/8' }, NotIpAddress: { 'k:a': '10.0.0.0/7' } },
      { Null: { 'k:a': 'true' }, 'ForAnyValue:StringLike': { 'k:a': '*' } },
      { Bool: { 'k:a': 'true' }, StringEquals: { 'k:a': 'yes' } },
    ]
    for (const Condition of contradictions) {
      expect(lint([allow('s3:GetObject', photos, { Condition: Condition ?? {} })])).toEqual(['0 lint.never'])
    }
  })

  test('shadowed: an Allow that Denies cover together', () => {
    const deny = (Action: string): Statement => ({ ...allow(Action, '*'), Effect: 'Deny' })
    expect(lint([allow(['s3:GetObject', 's3:PutObject'], photos), deny('s3:Get*'), deny('s3:Put*')])).toEqual([
      '0 lint.shadowed',
    ])
    expect(lint([allow(['s3:GetObject', 's3:ListBucket'], photos), deny('s3:Get*')])).toEqual([])
  })

  test('dead: what others say together, and a Deny within another', () => {
    const whose = (team: string, operator: string): Statement =>
      allow('s3:GetObject', photos, { Condition: { [operator]: { 'aws:PrincipalTag/team': team } } })
    const both = [whose('red', 'StringEquals'), whose('red', 'StringNotEquals')]
    // A list of several teams satisfies neither operator, so the two are not the whole.
    expect(lint([...both, allow('s3:GetObject', photos)])).toEqual(['0 lint.dead', '1 lint.dead'])
    const denies: readonly Statement[] = [
      { ...allow('s3:Put*', '*'), Effect: 'Deny' },
      { ...allow('s3:PutObject', photos), Effect: 'Deny' },
    ]
    expect(lint(denies)).toEqual(['1 lint.dead'])
  })

  test('a resource policy is broad for whom it names', () => {
    const statement = allow('s3:*', '*', { Principal: { AWS: '123456789012' } })
    expect(lint([statement], 'resource')).toEqual(['0 lint.broad'])
  })

  test('a text that is no policy has faults', () => {
    expect(lintPolicy('{', 'identity', 'p')).toMatchObject({ ok: false, faults: [{ code: 'policy.syntax' }] })
  })
})
