import { describe, expect, test } from 'vitest'

import type { ActionCatalogue } from '../../catalogue.ts'
import type { Statement } from '../../document.ts'
import { smallCatalogue } from '../../testing/catalogue.ts'
import { lintPolicy } from './lint.ts'

function lint(
  statements: readonly Statement[],
  kind: 'identity' | 'resource' = 'identity',
  catalogue?: ActionCatalogue,
): readonly string[] {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 1)
  const result = lintPolicy(text, kind, 'p', catalogue)
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
    [
      'two that make the whole',
      [{ Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' }, allow('s3:G*', '*')],
      ['0 lint.broad'],
    ],
    [
      'two that lack something together',
      [{ Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' }, allow('s3:Gets*', '*')],
      [],
    ],
    [
      'resources that make the whole',
      [allow('s3:*', 'arn:*'), { Effect: 'Allow', Action: 's3:*', NotResource: 'arn:*' }],
      ['0 lint.broad'],
    ],
    ['beside a Deny', [allow('s3:*', '*'), { ...allow('s3:Put*', '*'), Effect: 'Deny' }], ['0 lint.broad']],
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

  test('broad: the message says which statements do it together, and which takes something away', () => {
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Most', Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' },
        { Sid: 'Other', ...allow('sqs:SendMessage', '*') },
        { Sid: 'Rest', ...allow('s3:G*', '*') },
        { Sid: 'Not', ...allow('s3:Delete*', '*'), Effect: 'Deny' },
        { Sid: 'Away', ...allow('ec2:*', photos), Effect: 'Deny' },
      ],
    })
    const result = lintPolicy(text, 'identity', 'p')
    const messages = result.ok ? result.findings.map(({ sid, code, message }) => `${sid} ${code}: ${message}`) : []
    expect(messages.filter((message) => message.includes('lint.broad'))).toEqual([
      'Most lint.broad: together with Rest it allows every action of every service on everything, ' +
        'whatever the facts, but for what Not and Away denies',
    ])
  })

  describe('with a catalogue of actions', () => {
    const bucket = 'arn:aws:s3:::photos'
    test.each<[string, readonly Statement[], readonly string[]]>([
      ['an action that does not exist', [allow('s3:GetObjct', photos)], ['0 lint.unknown_action']],
      ['a pattern that means no action', [allow(['s3:Gett*', 's3:Get*'], photos)], ['0 lint.unknown_action']],
      ['a service that does not exist', [allow('s33:GetObject', photos)], ['0 lint.unknown_action']],
      [
        'an excepted action that does not exist',
        [{ Effect: 'Deny', NotAction: 's3:GetObjct', Resource: '*' }],
        ['0 lint.unknown_action'],
      ],
      ['our own actions', [allow('sallyport:UseDoor', 'arn:sallyport:door:a::d/o')], []],
      ['any case', [allow('S3:getobject', photos)], []],
      ['an object action on a bucket', [allow('s3:GetObject', bucket)], ['0 lint.wrong_resource']],
      ['a bucket action on objects', [allow('s3:ListBucket', photos)], ['0 lint.wrong_resource']],
      ['a bucket action on any bucket', [allow('s3:ListBucket', 'arn:aws:s3:::*')], []],
      ['both on both', [{ ...allow(['s3:GetObject', 's3:ListBucket'], bucket), Resource: [bucket, photos] }], []],
      ['one of two that never meets', [allow(['s3:GetObject', 's3:ListBucket'], bucket)], ['0 lint.wrong_resource']],
      ['a pattern of which one action meets', [allow('s3:*', bucket)], []],
      ['an action without resource on one', [allow('s3:ListAllMyBuckets', bucket)], ['0 lint.wrong_resource']],
      ['an action without resource on everything', [allow('ec2:DescribeInstances', '*')], []],
      ['another service', [allow('ec2:StartInstances', photos)], ['0 lint.wrong_resource']],
      ['whatever a variable stands for', [allow('s3:GetObject', 'arn:aws:s3:::photos/${aws:username}')], []],
      [
        'all but the buckets',
        [{ Effect: 'Allow', Action: 's3:ListBucket', NotResource: 'arn:*:s3:::*' }],
        ['0 lint.wrong_resource'],
      ],
      [
        'a Deny that reaches nothing',
        [{ ...allow('s3:PutObject', bucket), Effect: 'Deny' }],
        ['0 lint.wrong_resource'],
      ],
      [
        'a key that the action never carries',
        [allow('s3:GetObject', photos, { Condition: { StringLike: { 's3:prefix': 'a*' } } })],
        ['0 lint.foreign_key'],
      ],
      [
        'keys that it carries, and those of every action',
        [
          allow('s3:PutObject', photos, {
            Condition: {
              StringEquals: { 'S3:X-Amz-Acl': 'private', 's3:RequestObjectTag/team': 'a' },
              Bool: { 'aws:SecureTransport': 'true' },
            },
          }),
        ],
        [],
      ],
      [
        'a key that one of the actions carries',
        [
          {
            ...allow(['s3:ListBucket', 's3:GetObject'], photos, { Condition: { StringLike: { 's3:prefix': 'a' } } }),
            Resource: [bucket, photos],
          },
        ],
        [],
      ],
    ])('%s', (_, statements, found) => {
      expect(lint(statements, 'identity', smallCatalogue)).toEqual(found)
    })

    test('the message says which action was meant, and on what one can be granted', () => {
      const said = (Action: string, Resource: string): string | undefined => {
        const result = lintPolicy(
          JSON.stringify({ Statement: allow(Action, Resource) }),
          'identity',
          'p',
          smallCatalogue,
        )
        return result.ok ? result.findings[0]?.message : undefined
      }
      expect(said('s3:GetObjct', photos)).toBe('no action is called s3:GetObjct; s3:GetObject is')
      expect(said('s3:GetObject', bucket)).toBe(
        's3:GetObject never meets a resource of the statement: it is granted on arn:*:s3:::*/*',
      )
      expect(said('ec2:DescribeInstances', bucket)).toBe(
        'ec2:DescribeInstances never meets a resource of the statement: it takes no resource, and is granted on "*"',
      )
    })
  })

  test('a text that is no policy has faults', () => {
    expect(lintPolicy('{', 'identity', 'p')).toMatchObject({ ok: false, faults: [{ code: 'policy.syntax' }] })
  })
})
