import { isObject, type JsonObject } from '@sallyport/core/json'

/** Whose tokens we know how to read. */
export type IssuerKind =
  | 'entra'
  | 'google'
  | 'auth0'
  | 'okta'
  | 'keycloak'
  | 'github-actions'
  | 'gitlab'
  | 'kubernetes'
  | 'aws'

/** A claim by the names that lead to it; taken literally, so that `kubernetes.io` is one name. */
export type ClaimPath = readonly string[]

/** How one kind of issuer words its tokens. */
export interface IssuerProfile {
  /** What `iss` looks like. */
  readonly issuer: RegExp
  /** `iss`, where there is only one. */
  readonly address?: string
  /** Accepted `typ`, as `parseJwt` reads it; `''` is a header without one. */
  readonly types: readonly string[]
  /** The claims that name the holder for good, joined by `/`; the first alternative that is there. Never an email. */
  readonly subject: readonly (readonly ClaimPath[])[]
  /** Where roles stand when the manifest does not say. */
  readonly roles?: ClaimPath
  /** Attributes of the holder → claim. */
  readonly tags: Readonly<Record<string, ClaimPath>>
  /** Claims that must have one of these values, or be there at all: what tells an access token from others. */
  readonly demands?: Readonly<Record<string, readonly string[] | 'present'>>
  /** Where anybody may get a token: of these claims, one must be pinned by a condition. */
  readonly pins?: readonly string[]
}

const plain = (...claims: readonly string[]): Readonly<Record<string, ClaimPath>> =>
  Object.fromEntries(claims.map((claim) => [claim, [claim]]))
const kubernetes = (...path: readonly string[]): ClaimPath => ['kubernetes.io', ...path]
const amazon = (claim: string): ClaimPath => ['https://sts.amazonaws.com/', claim]

/** The kinds of issuers that we know, one line each; a kind that is not here states its claims in the manifest. */
export const issuerKinds: Readonly<Record<IssuerKind, IssuerProfile>> = {
  // https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference: `oid` stays, names change.
  entra: {
    issuer: /^https:\/\/login\.microsoftonline\.com\/[0-9a-f-]{36}\/v2\.0$/,
    types: ['jwt'],
    subject: [[['oid']]],
    roles: ['roles'],
    tags: plain('tid', 'azp'),
    demands: { ver: ['2.0'], azp: 'present' },
  },
  // ID tokens: Google's access tokens are not for others to read. `hd` is a Workspace's domain.
  google: {
    issuer: /^https:\/\/accounts\.google\.com$/,
    address: 'https://accounts.google.com',
    types: ['jwt'],
    subject: [[['sub']]],
    tags: plain('hd'),
    pins: ['hd', 'sub'],
  },
  auth0: {
    issuer: /^https:\/\/[a-z0-9.-]+\/$/,
    types: ['at+jwt', 'jwt'],
    subject: [[['sub']]],
    roles: ['permissions'],
    tags: plain('org_id'),
  },
  // `sub` is the sign-in name, which may be given to another person; `uid` is not. Programs have `cid` alone.
  okta: {
    issuer: /^https:\/\/[a-z0-9.-]+\/oauth2\/[A-Za-z0-9]+$/,
    types: ['', 'jwt', 'at+jwt', 'okta-internal-at+jwt'],
    subject: [[['uid']], [['cid']]],
    roles: ['groups'],
    tags: {},
    demands: { cid: 'present' },
  },
  keycloak: {
    issuer: /^https:\/\/[^?#]+\/realms\/[^/?#]+$/,
    types: ['jwt', 'at+jwt'],
    subject: [[['sub']]],
    roles: ['realm_access', 'roles'],
    tags: {},
    demands: { typ: ['Bearer', 'DPoP'] },
  },
  // Names of owners and repositories may be taken by others once they are free; ids never are.
  'github-actions': {
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com$/,
    address: 'https://token.actions.githubusercontent.com',
    types: ['jwt'],
    subject: [[['repository_owner_id'], ['repository_id']]],
    tags: plain('repository', 'ref', 'environment', 'event_name', 'job_workflow_ref'),
    pins: ['repository_id', 'repository_owner_id', 'enterprise_id'],
  },
  gitlab: {
    issuer: /^https:\/\/[a-z0-9.-]+$/,
    address: 'https://gitlab.com',
    types: ['jwt'],
    subject: [[['namespace_id'], ['project_id']]],
    tags: plain('project_path', 'ref', 'ref_protected', 'environment'),
    pins: ['project_id', 'namespace_id'],
  },
  kubernetes: {
    issuer: /^https:\/\/[^?#]+$/,
    types: ['', 'jwt'],
    subject: [[kubernetes('namespace'), kubernetes('serviceaccount', 'uid')]],
    tags: { namespace: kubernetes('namespace'), service_account: kubernetes('serviceaccount', 'name') },
  },
  // AWS's outbound identity federation: one issuer for each account, and `sub` is the role's ARN.
  aws: {
    issuer: /^https:\/\/[0-9a-f-]+\.tokens\.sts\.global\.api\.aws$/,
    types: ['', 'jwt'],
    subject: [[['sub']]],
    tags: { account: amazon('aws_account'), organization: amazon('org_id'), region: amazon('source_region') },
  },
}

/** The claim at the end of a path; undefined where any step is not there. */
export function claimAt(claims: JsonObject, path: ClaimPath): unknown {
  let value: unknown = claims
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}
