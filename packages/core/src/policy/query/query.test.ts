import { describe, expect, test } from 'vitest'

import { makeAnswerer } from './query.ts'

const answer = makeAnswerer()

const alice = 'arn:aws:iam::123456789012:user/alice'
const policy = (more: object = {}): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*', ...more }],
})
const request = {
  principal: alice,
  action: 's3:GetObject',
  resource: { arn: 'arn:aws:s3:::shop/a', accountId: '123456789012' },
}
const query = { identityPolicies: [policy()], request }
const ask = (more: object): ReturnType<typeof answer> => answer(JSON.stringify({ ...query, ...more }))
const askOf = (more: object): ReturnType<typeof answer> => ask({ request: { ...request, ...more } })

test('a query that is well made is answered', () => {
  expect(ask({})).toEqual({
    effect: 'allow',
    explicit: true,
    layer: 'identity',
    reasons: [expect.objectContaining({ code: 'policy.allow' })],
  })
})

describe('a text that is no query is denied, and told where it ends to be one:', () => {
  const good = JSON.stringify(query)
  const inside = good.slice(1, -1)
  test.each([
    ['nothing', '', 'policy.syntax'],
    ['a list', `[${good}]`, 'policy.wrong_type'],
    ['a word', 'true', 'policy.wrong_type'],
    ['two queries', `${good}${good}`, 'policy.syntax'],
    ['an empty query with something behind it', '{} {}', 'policy.syntax'],
    ['one that goes on', `{${inside}`, 'policy.syntax'],
    ['a member without a name', `{1: 2, ${inside}}`, 'policy.syntax'],
    ['a name without an end', '{"id', 'policy.syntax'],
    ['a name without a colon', `{"id" 1, ${inside}}`, 'policy.syntax'],
    ['a name without a value', `{"id":, ${inside}}`, 'policy.syntax'],
    ['a value without an end', '{"id": ["a"', 'policy.syntax'],
    ['a text without an end in a value', '{"request": {"a', 'policy.syntax'],
    ['no comma between members', `{"id": 1 ; ${inside}}`, 'policy.syntax'],
    ['a member too few', `{${inside},}`, 'policy.syntax'],
    ['an id that is no JSON', `{"id": 0x1, ${inside}}`, 'policy.syntax'],
    ['a request that is no JSON', '{"request": {"principal": alice}}', 'policy.syntax'],
    ['policies that are no JSON', `{"identityPolicies": [{]}, "request": ${JSON.stringify(request)}}`, 'policy.syntax'],
    ['a member that stands twice', `{"request": {}, ${inside}}`, 'policy.wrong_type'],
    [
      'a name that is spelt by escapes',
      `{${inside.replace('identityPolicies', 'identity\\u0050olicies')}}`,
      'policy.wrong_type',
    ],
  ])('%s', (_, text, code) => {
    expect(answer(text)).toMatchObject({ effect: 'deny', layer: 'none', reasons: [], error: { code } })
  })
})

test('a word processor’s quotes are told apart from any other fault, and what was meant is shown', () => {
  const meant = JSON.stringify(query)
  const { error } = answer(meant.replace('"request"', '“request”'))
  expect(error).toMatchObject({ code: 'policy.typographic_quotes', corrected: meant })
  expect(answer(meant.replace('"request"', 'request')).error).not.toHaveProperty('corrected')
})

describe('a request that cannot be asked is denied:', () => {
  const text = 'policy.wrong_type'
  test.each([
    ['none', { request: undefined }, 'policy.missing_element', 'query'],
    ['null', { request: null }, text, 'request'],
    ['a text', { request: 'GetObject' }, text, 'request'],
    ['a member that is misspelt', { request: { ...request, contxt: {} } }, 'policy.unknown_element', 'request'],
    ['a layer that is misspelt', { permissionBoundaries: [policy()] }, 'policy.unknown_element', 'query'],
  ])('%s', (_, more, code, where) => {
    const { effect, layer, error } = ask(more)
    expect([effect, layer, error?.code, error?.faults[0]?.policy]).toEqual(['deny', 'none', code, where])
  })

  test.each([
    ['no principal', { principal: undefined }, 'policy.missing_element'],
    ['nobody', { principal: '' }, 'policy.empty'],
    ['a name in place of an ARN', { principal: 'alice' }, 'policy.invalid_principal'],
    ['an account of eleven digits', { principal: '12345678901' }, 'policy.invalid_principal'],
    ['no action', { action: undefined }, 'policy.missing_element'],
    ['an action by a number', { action: 7 }, text],
    ['a pattern of actions', { action: 's3:*' }, 'policy.invalid_action'],
    ['no resource', { resource: undefined }, 'policy.missing_element'],
    ['a resource without ARN', { resource: { accountId: '123456789012' } }, 'policy.missing_element'],
    ['a resource that is a list', { resource: ['arn:aws:s3:::shop/a'] }, text],
    ['an ARN by a number', { resource: { arn: 7, accountId: '123456789012' } }, text],
    [
      'an ARN of five parts',
      { resource: { arn: 'arn:aws:s3::shop', accountId: '123456789012' } },
      'policy.invalid_arn',
    ],
    ['an account by a number', { resource: { ...request.resource, accountId: 123456789012 } }, text],
    ['a resource of nobody’s', { resource: 'arn:aws:s3:::shop/a' }, 'policy.invalid_value'],
    ['a resource of nobody’s, by null', { resource: { ...request.resource, accountId: null } }, 'policy.invalid_value'],
    ['a context that is a list', { context: [] }, text],
    ['a context key of an object', { context: { 'a:b': {} } }, text],
    ['a context key of a list with null', { context: { 'a:b': ['x', null] } }, text],
    ['a context key in two spellings', { context: { 'a:b': 'x', 'A:B': 'y' } }, 'policy.duplicate_key'],
  ])('%s', (_, more, code) => {
    expect(askOf(more)).toMatchObject({ effect: 'deny', layer: 'none', error: { code } })
  })
})

describe('policies that cannot be read deny:', () => {
  const faulty = { Statement: [{ Effect: 'Allow', Actoin: '*', Resource: '*' }] }
  const level = { id: 'root', policies: [policy()] }
  test.each([
    ['a faulty one', { identityPolicies: [policy(), faulty] }, 'identityPolicies[1].Statement[0].Actoin'],
    ['no list', { identityPolicies: 7 }, 'identityPolicies'],
    ['a level that is a text', { serviceControlPolicies: ['root'] }, 'serviceControlPolicies[0]'],
    ['a level without policies', { serviceControlPolicies: [{ id: 'root' }] }, 'serviceControlPolicies[0]'],
    ['a level by an object', { serviceControlPolicies: [{ ...level, id: {} }] }, 'serviceControlPolicies[0].id'],
    [
      'a level of another member',
      { serviceControlPolicies: [{ ...level, name: 1 }] },
      'serviceControlPolicies[0].name',
    ],
  ])('%s', (_, more, path) => {
    const { effect, layer, error } = ask(more)
    expect([effect, layer, error?.faults[0]?.path]).toEqual(['deny', 'none', path])
  })

  test('one that stands as a text, with a place in that text', () => {
    const { effect, error } = ask({ identityPolicies: [JSON.stringify(policy()), '{\n"Statement" 1}'] })
    expect([effect, error?.faults]).toMatchObject(['deny', [{ policy: 'identityPolicies[1]', line: 2, column: 13 }]])
    expect(ask({ identityPolicies: [JSON.stringify(policy())] }).effect, 'control').toBe('allow')
  })
})

test('what is null is not attached, and an empty list is attached and allows nothing', () => {
  const none: readonly [string, unknown][] = [
    ['permissionsBoundaries', []],
    ['sessionPolicies', []],
    ['endpointPolicies', []],
    ['serviceControlPolicies', [{ policies: [] }]],
  ]
  for (const [name, nothing] of none) {
    expect([ask({ [name]: null }).effect, ask({ [name]: nothing }).effect], name).toEqual(['allow', 'deny'])
  }
  expect(ask({ serviceControlPolicies: [] }).effect, 'no level that would have to allow').toBe('allow')
  expect(askOf({ context: null }).effect).toBe('allow')
  const known = [policy({ Condition: { Null: { 'a:b': 'false' } } })]
  const asked = (context: object): string => ask({ identityPolicies: known, request: { ...request, context } }).effect
  expect([asked({ 'a:b': null }), asked({ 'a:b': 'x' })]).toEqual(['deny', 'allow'])
})

test('the id comes back as it was given, also with an error; an object is none', () => {
  for (const id of ['a', 7]) {
    expect(ask({ id })).toMatchObject({ id, effect: 'allow' })
    expect(ask({ id, request: {} })).toMatchObject({ id, effect: 'deny' })
  }
  expect(ask({ id: {} })).not.toHaveProperty('id')
})

test('keys that the policies ask for and the request lacks are told', () => {
  const identityPolicies = [policy({ Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } })]
  expect(ask({ identityPolicies })).toMatchObject({ effect: 'deny', missingContext: ['aws:PrincipalOrgID'] })
  const context = { 'aws:PrincipalOrgID': 'o-1' }
  expect(ask({ identityPolicies, request: { ...request, context } })).not.toHaveProperty('missingContext')
})

test('no key is asked for by a statement that speaks of something else', () => {
  const asks = (key: string): object => ({ StringEquals: { [key]: 'x' } })
  const identityPolicies = [
    policy({ Action: 'sqs:*', Condition: asks('a:action') }),
    policy({ Resource: 'arn:aws:s3:::other/*', Condition: asks('a:resource') }),
    policy({ Resource: 'arn:aws:s3:::${a:variable}/*', Condition: asks('a:perhaps') }),
    { ...policy({ Condition: { StringEquals: { 'a:old': '${a:literal}' } } }), Version: '2008-10-17' },
  ]
  expect(ask({ identityPolicies }).missingContext).toEqual(['a:variable', 'a:perhaps', 'a:old'])
})

describe('of a layer that does not reach the caller', () => {
  const principal = 'lambda.amazonaws.com'
  const resourcePolicy = (more: object): object => policy({ Sid: 'own', Principal: '*', ...more })
  const level = (more: object): object[] => [{ policies: [policy(more)] }]

  test('no denial is told, and no key is asked for', () => {
    const serviceControlPolicies = level({ Effect: 'Deny', Condition: { Null: { 'a:b': 'true' } } })
    const told = ask({
      serviceControlPolicies,
      resourcePolicy: resourcePolicy({ Effect: 'Deny' }),
      request: { ...request, principal },
    })
    expect(told).not.toHaveProperty('missingContext')
    expect(told.reasons.map(({ layer }) => layer)).toEqual(['resource'])
    // The control: it reaches a user.
    const control = ask({ serviceControlPolicies, resourcePolicy: resourcePolicy({ Effect: 'Deny' }) })
    expect(control.reasons.map(({ layer }) => layer)).toContain('service-control')
    expect(control.missingContext).toEqual(['a:b'])
  })

  test('no leave is missed', () => {
    const told = ask({
      serviceControlPolicies: level({ Action: 'sqs:*' }),
      resourcePolicy: resourcePolicy({ Action: 's3:Put*' }),
      request: { ...request, principal },
    })
    expect(told.reasons.map(({ layer }) => layer)).toEqual(['resource'])
  })
})

test('an implicit denial names what lacks an Allow, and neither a layer that has one nor a Deny', () => {
  const deny = { Sid: 'no', Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { Bool: { 'a:b': true } } }
  const other = { Sid: 'other', Effect: 'Allow', Action: 'sqs:*', Resource: '*' }
  const permissionsBoundaries = [{ Version: '2012-10-17', Statement: [deny, other] }]
  const { reasons } = ask({ permissionsBoundaries })
  expect(reasons.map(({ layer, rule }) => [layer, rule])).toEqual([['boundary', 'other']])
})

test('a statement without Sid, and a key that is absent, are told as such', () => {
  expect(ask({}).reasons[0]?.message).toBe('a statement of policy identityPolicies[0] allows it')
  const denied = ask({
    identityPolicies: [policy(), policy({ Effect: 'Deny', Condition: { StringNotEquals: { 'a:b': 'x' } } })],
  })
  expect(denied.reasons[0]?.message).toContain('a:b is absent (StringNotEquals "x")')
})

test('a request with more context than anybody looks at is denied', () => {
  const context = (keys: number): object => Object.fromEntries(Array.from({ length: keys }, (_, n) => [`a:${n}`, 'x']))
  expect(askOf({ context: context(512) }).effect).toBe('allow')
  expect(askOf({ context: context(513) })).toMatchObject({
    effect: 'deny',
    reasons: [{ code: 'policy.malformed_request' }],
  })
})

test('a number that a double would change is compared by its digits', () => {
  const identityPolicies = [policy({ Condition: { StringEquals: { 'a:b': '12345678901234567890' } } })]
  const asked = (digits: string): string =>
    answer(
      JSON.stringify({ identityPolicies, request: { ...request, context: { 'a:b': 0 } } }).replace(
        ':0}',
        `:${digits}}`,
      ),
    ).effect
  expect([asked('12345678901234567890'), asked('12345678901234567891')]).toEqual(['allow', 'deny'])
})

test('policies that were read before are read again as they are now', () => {
  const deny = [policy({ Effect: 'Deny' })]
  const effects = [query.identityPolicies, deny, query.identityPolicies].map(
    (identityPolicies) => ask({ identityPolicies }).effect,
  )
  expect(effects).toEqual(['allow', 'deny', 'allow'])
  // The same text means something else as another kind of policy.
  expect(ask({ identityPolicies: policy() }).effect, 'control').toBe('allow')
  expect(ask({ resourcePolicy: policy() })).toMatchObject({
    effect: 'deny',
    error: { faults: [{ policy: 'resourcePolicy', code: 'policy.missing_element' }] },
  })
})
