import type { Upstream } from '@sallyport/manifest'

import type { UpstreamAccount, User, UserStore } from '../ports.ts'

/** Whether an administrator linked the user to this account. Issuer and subject, both exactly: nothing else lasts. */
export function isLinked({ links = [] }: User, { issuer, subject }: UpstreamAccount): boolean {
  return links.some((link) => link.issuer === issuer && link.subject === subject)
}

/** The one user who is linked to an account. */
export function findLinked(users: UserStore, account: UpstreamAccount): User | undefined {
  return users
    .names()
    .map((name) => users.find(name))
    .find((user) => user !== undefined && isLinked(user, account))
}

/** Who is linked to an upstream that is gone from the manifest, or counts otherwise: what those hold must end. */
export function endedByChange(
  users: UserStore,
  before: readonly Upstream[],
  after: readonly Upstream[],
): readonly string[] {
  const weightOf = ({ issuer, client, mfa }: Upstream): string => JSON.stringify([issuer, client, mfa.amr, mfa.acr])
  const kept = new Set(after.map(weightOf))
  const issuers = new Set(before.filter((one) => !kept.has(weightOf(one))).map(({ issuer }) => issuer))
  return users.names().filter((name) => users.find(name)?.links?.some(({ issuer }) => issuers.has(issuer)) === true)
}

/** What a subject may be: OpenID Connect Core §2 has 255 ASCII characters, of which we take those that print. */
export function isSubject(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text)
}
