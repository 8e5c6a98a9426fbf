import { describe, expect, it } from 'vitest'

import { edited, exampleText, faultsOf } from '../testing/example.ts'

const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
const withPolicy = edited('can: { email: [send] }', 'can: { email: [send] }\n    policies: [policies/p.json]')

function attached(
  statement: Readonly<Record<string, unknown>>,
): readonly { readonly code: string; readonly message: string }[] {
  const document = { Version: '2012-10-17', Statement: { Effect: 'Allow', Resource: table, ...statement } }
  return faultsOf(withPolicy, { 'policies/p.json': JSON.stringify(document) })
}

describe('only', () => {
  it('names each role that may besides, and the line that lets it', () => {
    const wider = edited('POST /checkout: { who: [customer]', 'POST /checkout: { who: [customer, support, admin]')
    const line = exampleText.slice(0, exampleText.indexOf('POST /checkout:')).split('\n').length
    expect(faultsOf(wider).filter(({ code }) => code === 'only.violated')).toMatchObject([
      { message: expect.stringMatching(new RegExp(`: support may also reach POST /checkout with .*yaml:${line}:7`)) },
      { message: expect.stringMatching(new RegExp(`: admin may also reach POST /checkout with .*yaml:${line}:7`)) },
    ])
  })

  it('says of a stranger that it is anyone', () => {
    const wider = edited('POST /checkout: { who: [customer]', 'POST /checkout: { who: [anyone]')
    expect(faultsOf(wider)).toContainEqual(
      expect.objectContaining({ code: 'only.violated', message: expect.stringContaining('anyone may also reach') }),
    )
  })

  it('sees what may be done to a table besides the verbs that the manifest has', () => {
    expect(attached({ Action: 'dynamodb:DescribeTable' })).toMatchObject([
      { code: 'only.violated', message: expect.stringContaining('policies/p.json:1:') },
    ])
  })

  it('tells the facts under which it would be allowed', () => {
    const Condition = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
    const [fault] = attached({ Action: 'dynamodb:PutItem', Condition })
    expect(fault?.message).toContain('with aws:SourceIp "203.0.113.1"')
  })

  it('does not see what no request can meet', () => {
    const never = { StringEquals: { 'aws:PrincipalTag/team': 'a' }, StringNotLike: { 'aws:PrincipalTag/team': 'a*' } }
    expect(attached({ Action: 'dynamodb:PutItem', Condition: never })).toEqual([])
    const sometimes = { ...never, StringNotLike: { 'aws:PrincipalTag/team': 'b*' } }
    expect(attached({ Action: 'dynamodb:PutItem', Condition: sometimes })).toMatchObject([{ code: 'only.violated' }])
  })

  it('what cannot be proved does not count as holding', () => {
    // A number below 10 that begins with 9 is none up to 8: that is true, and not known.
    const tangled = { NumericLessThan: { 'k:a': 10 }, StringLike: { 'k:a': '9*' }, NumericLessThanEquals: { 'k:a': 8 } }
    expect(attached({ Action: 'dynamodb:PutItem', Condition: tangled })).toMatchObject([
      { code: 'only.unproved', message: expect.stringContaining('policy.proof_open') },
    ])
  })
})
