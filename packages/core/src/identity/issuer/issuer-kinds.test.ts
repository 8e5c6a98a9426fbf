import { describe, expect, test } from 'vitest'

import { readClaims } from '../token/claims.ts'
import { type IssuerKind, issuerKinds } from './issuer-kinds.ts'
import type { OidcIssuer } from './issuer.ts'
import { lintTrust, type TrustConditions } from './lint-trust.ts'

type Claims = Readonly<Record<string, unknown>>

interface Sample {
  readonly issuer: string
  /** `typ` as parsed; undefined is a header without one. */
  readonly type: string | undefined
  readonly claims: Claims
  readonly name: string
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  /** Changes by which it is a token of another kind, or nobody's. */
  readonly not: readonly Claims[]
}

/** Tokens as each kind words them, cut to what is read. */
const samples: Readonly<Record<IssuerKind, Sample>> = {
  entra: {
    issuer: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0',
    type: 'jwt',
    claims: { oid: 'o-1', sub: 'pairwise', tid: 't-1', azp: 'app-1', ver: '2.0', roles: ['Admin'], scp: 'call read' },
    name: 'o-1',
    roles: ['Admin'],
    scopes: ['call', 'read'],
    tags: { tid: 't-1', azp: 'app-1' },
    not: [{ azp: undefined }, { ver: '1.0' }, { oid: undefined }],
  },
  google: {
    issuer: 'https://accounts.google.com',
    type: 'jwt',
    claims: { sub: '1100', email: 'ada@example.com', hd: 'example.com' },
    name: '1100',
    tags: { hd: 'example.com' },
    not: [{ sub: undefined }, { sub: 1100 }],
  },
  auth0: {
    issuer: 'https://tenant.eu.auth0.com/',
    type: 'at+jwt',
    claims: { sub: 'auth0|abc', org_id: 'org_1', permissions: ['read:orders'], scope: 'openid call' },
    name: 'auth0|abc',
    roles: ['read:orders'],
    scopes: ['openid', 'call'],
    tags: { org_id: 'org_1' },
    not: [{ sub: '' }, { permissions: 'all' }],
  },
  okta: {
    issuer: 'https://dev-1.okta.com/oauth2/default',
    type: undefined,
    claims: { sub: 'ada@example.com', uid: '00u1', cid: '0oa1', scp: ['call'], groups: ['support'] },
    name: '00u1',
    roles: ['support'],
    scopes: ['call'],
    not: [{ cid: undefined }, { groups: 'support' }],
  },
  keycloak: {
    issuer: 'https://id.example.com/realms/shop',
    type: 'jwt',
    claims: { sub: 'f3', typ: 'Bearer', azp: 'web', realm_access: { roles: ['customer'] }, scope: 'call' },
    name: 'f3',
    roles: ['customer'],
    scopes: ['call'],
    not: [{ typ: 'ID' }, { typ: 'Refresh' }, { typ: undefined }, { realm_access: { roles: 'admin' } }],
  },
  'github-actions': {
    issuer: 'https://token.actions.githubusercontent.com',
    type: 'jwt',
    claims: {
      sub: 'repo:octo/shop:environment:production',
      repository: 'octo/shop',
      repository_id: '74',
      repository_owner_id: '65',
      ref: 'refs/heads/main',
      environment: 'production',
      event_name: 'push',
    },
    name: '65/74',
    tags: { repository: 'octo/shop', ref: 'refs/heads/main', environment: 'production', event_name: 'push' },
    not: [{ repository_id: undefined }, { repository_owner_id: undefined }, { repository_id: '74/75' }, { ref: 1 }],
  },
  gitlab: {
    issuer: 'https://gitlab.com',
    type: 'jwt',
    claims: { namespace_id: '72', project_id: '20', project_path: 'my/shop', ref: 'main', ref_protected: 'true' },
    name: '72/20',
    tags: { project_path: 'my/shop', ref: 'main', ref_protected: 'true' },
    not: [{ project_id: undefined }, { namespace_id: '7/2' }],
  },
  kubernetes: {
    issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    type: undefined,
    claims: {
      sub: 'system:serviceaccount:shop:orders',
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'orders', uid: 'u-1' } },
    },
    name: 'shop/u-1',
    tags: { namespace: 'shop', service_account: 'orders' },
    not: [{ 'kubernetes.io': undefined }, { 'kubernetes.io': { namespace: 'shop' } }, { 'kubernetes.io': 'shop' }],
  },
  aws: {
    issuer: 'https://0a1b2c3d-0000-4000-8000-000000000000.tokens.sts.global.api.aws',
    type: 'jwt',
    claims: {
      sub: 'arn:aws:iam::123456789012:role/orders',
      'https://sts.amazonaws.com/': { aws_account: '123456789012', source_region: 'eu-west-1' },
    },
    name: 'arn:aws:iam::123456789012:role/orders',
    tags: { account: '123456789012', region: 'eu-west-1' },
    not: [{ sub: 'arn:aws:iam::123456789012:role/*' }, { sub: undefined }],
  },
}

const kinds = Object.keys(issuerKinds) as IssuerKind[]

function issuerOf(type: IssuerKind, changes: Partial<OidcIssuer> = {}): OidcIssuer {
  const { issuer } = samples[type]
  return { kind: 'oidc', name: 'x', issuer, audience: 'urn:shop', keys: { keys: [] }, type, ...changes }
}

function read(type: IssuerKind, changes: Claims = {}, issuer: Partial<OidcIssuer> = {}): unknown {
  const { claims, type: typ } = samples[type]
  const full = Object.fromEntries(
    Object.entries({ aud: 'urn:shop', ...claims, ...changes }).filter(([, value]) => value !== undefined),
  )
  const holder = readClaims(issuerOf(type, issuer), full, typ)
  return 'kind' in holder ? holder.code : holder
}

describe.each(kinds)('%s', (type) => {
  const { name, roles = [], scopes = [], tags = {}, issuer, not } = samples[type]

  test('is read: who, which roles, scopes and tags', () => {
    expect(issuerKinds[type].issuer.test(issuer)).toBe(true)
    expect(read(type)).toEqual({ userName: name, roles, scopes, tags })
  })

  test.each(not)('refuses %j', (changes) => {
    expect(read(type, changes)).toMatch(/^token\.(claims|type)$/)
  })

  test('refuses another audience, another typ, and a condition that is not met', () => {
    expect(read(type, { aud: 'urn:other' })).toBe('token.wrong_audience')
    expect(read(type, { aud: undefined })).toBe('token.wrong_audience')
    const wrong = readClaims(issuerOf(type), { aud: 'urn:shop', ...samples[type].claims }, 'logout+jwt')
    expect(wrong).toMatchObject({ code: 'token.type' })
    expect(read(type, {}, { only: { iss_only: ['a'] } })).toBe('token.condition')
  })
})

describe('a condition', () => {
  test.each<[Claims, Readonly<Record<string, readonly string[]>>, boolean]>([
    [{}, { repository_id: ['74'] }, true],
    [{ repository_id: 74, repository: 'octo/shop' }, { repository_id: ['74'] }, false], // a name must be text
    [{}, { repository_id: ['74'], environment: ['staging', 'production'] }, true],
    [{}, { repository_id: ['75'] }, false],
    [{}, { repository_id: ['74'], environment: ['staging'] }, false],
    [{}, { environment: ['prod*'] }, false],
    [{}, { environment: ['Production'] }, false],
    [{}, { missing: ['74'] }, false],
    [{ enterprise_id: 9 }, { enterprise_id: ['9'] }, true],
    [{ flag: true }, { flag: ['true'] }, false],
  ])('on %j: %j is met: %s', (claims, only, met) => {
    const answer = read('github-actions', claims, { only })
    expect(typeof answer === 'object').toBe(met)
  })
})

test('roles may be held by all whom an issuer vouches for, and stand where the manifest says', () => {
  expect(read('github-actions', {}, { holds: ['deployer'] })).toMatchObject({ roles: ['deployer'] })
  expect(read('auth0', { 'https://shop/roles': ['vip'] }, { rolesClaim: 'https://shop/roles' })).toMatchObject({
    roles: ['vip'],
  })
})

describe('trust that reaches too far', () => {
  const github: TrustConditions = {
    type: 'github-actions',
    issuer: samples['github-actions'].issuer,
    audience: 'urn:shop',
    only: { repository_id: ['74'], environment: ['production'] },
  }
  test.each<[string, Partial<TrustConditions>, readonly string[]]>([
    ['nothing, where it is exact', {}, []],
    ['no condition', { only: {} }, ['trust.everybody']],
    ['an empty condition', { only: { repository_id: [] } }, ['trust.everybody']],
    [
      'a wildcard over repositories',
      { only: { sub: ['repo:octo/*'] } },
      ['trust.wildcard', 'trust.name', 'trust.everybody'],
    ],
    ['a wildcard over owners', { only: { repository_owner_id: ['*'] } }, ['trust.wildcard']],
    ['the name of a repository', { only: { repository: ['octo/shop'] } }, ['trust.name', 'trust.everybody']],
    ['a name beside an id', { only: { repository_id: ['74'], repository: ['octo/shop'] } }, ['trust.name']],
    [
      'a subject of names',
      { only: { repository_id: ['74'], sub: ['repo:octo/shop:ref:refs/heads/main'] } },
      ['trust.name'],
    ],
    ['a subject of ids', { only: { repository_id: ['74'], sub: ['repo:octo@65/shop@74:ref:refs/heads/main'] } }, []],
    ['the audience of AWS', { audience: 'sts.amazonaws.com' }, ['trust.audience']],
    ['another host', { issuer: 'https://token.actions.githubusercontent.com.evil.example' }, ['trust.address']],
    [
      'any tenant of Entra',
      { type: 'entra', issuer: 'https://login.microsoftonline.com/common/v2.0', only: {} },
      ['trust.address'],
    ],
    ['everybody at Google', { type: 'google', issuer: 'https://accounts.google.com', only: {} }, ['trust.everybody']],
    [
      'an address at Google',
      { type: 'google', issuer: 'https://accounts.google.com', only: { email: ['ada@example.com'] } },
      ['trust.email', 'trust.everybody'],
    ],
    [
      'the path of a project',
      { type: 'gitlab', issuer: 'https://gitlab.com', only: { project_path: ['my/shop'] } },
      ['trust.name', 'trust.everybody'],
    ],
  ])('is %s', (_, changes, codes) => {
    expect(lintTrust({ ...github, ...changes }).map(({ code }) => code)).toEqual(codes)
  })
})
