import { type IssuerKind, issuerKinds } from './issuer-kinds.ts'

/** How an issuer outside is trusted: which of its tokens count. */
export interface TrustConditions {
  readonly type: IssuerKind
  readonly issuer: string
  readonly audience: string
  /** Claim → values, of which the token must have one. */
  readonly only: Readonly<Record<string, readonly string[]>>
}

/** One condition that lets in more than it seems to. */
export interface TrustFinding {
  readonly code:
    | 'trust.address'
    | 'trust.audience'
    | 'trust.everybody'
    | 'trust.wildcard'
    | 'trust.name'
    | 'trust.email'
  /** Which of the manifest's keys to mend: `issuer`, `audience`, or the claim under `only`. */
  readonly at: string
  readonly message: string
}

/** Names that may change hands, with the claim that may not. */
const mutable: ReadonlyMap<string, string> = new Map([
  ['actor', 'actor_id'],
  ['repository', 'repository_id'],
  ['repository_owner', 'repository_owner_id'],
  ['enterprise', 'enterprise_id'],
  ['project_path', 'project_id'],
  ['namespace_path', 'namespace_id'],
  ['user_login', 'user_id'],
  ['preferred_username', 'sub'],
  ['upn', 'oid'],
  ['unique_name', 'oid'],
])

/** What tokens for other services name: whoever gets one of those may show it here. */
const sharedAudiences: ReadonlySet<string> = new Set([
  'sts.amazonaws.com',
  'api://AzureADTokenExchange',
  'https://kubernetes.default.svc',
  'https://kubernetes.default.svc.cluster.local',
  'https://gitlab.com',
])

/** Looks for trust that reaches further than its author meant. Each finding is to be mended before tokens are taken. */
export function lintTrust({ type, issuer, audience, only }: TrustConditions): readonly TrustFinding[] {
  const profile = issuerKinds[type]
  const findings: TrustFinding[] = []
  const find = (code: TrustFinding['code'], at: string, message: string): void =>
    void findings.push({ code, at, message })
  if (!profile.issuer.test(issuer)) {
    find(
      'trust.address',
      'issuer',
      `${issuer} is no address of one ${type} issuer; a tenant that stands for all is none`,
    )
  }
  if (sharedAudiences.has(audience)) {
    find('trust.audience', 'audience', `tokens for ${audience} are made for others too; choose an audience of your own`)
  }
  for (const [claim, values] of Object.entries(only)) {
    if (values.some((value) => /[*?]/.test(value))) {
      find('trust.wildcard', claim, `${claim} is compared exactly; a wildcard would reach over the names of others`)
    }
    const lasting = mutable.get(claim)
    if (lasting !== undefined) find('trust.name', claim, `${claim} may change hands; use ${lasting}`)
    if (claim === 'email' || claim === 'email_verified') {
      find('trust.email', claim, 'an address is no identity: whoever has it next gets the same access; use sub')
    }
    const named = profile.pins?.includes('repository_id') === true && claim === 'sub'
    if (named && !values.every((value) => /^repo:[^/@]+@\d+\/[^:@]+@\d+:/.test(value))) {
      find('trust.name', 'sub', 'sub holds names that may change hands; use repository_id and environment or ref')
    }
  }
  const isPinned = profile.pins?.some((claim) => (only[claim] ?? []).length > 0) ?? true
  if (!isPinned) {
    find('trust.everybody', 'only', `anybody can get a token of ${issuer}; say under "only" which ${profile.pins?.[0]}`)
  }
  return findings
}
