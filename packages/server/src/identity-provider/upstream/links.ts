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

/** What a subject may be: OpenID Connect Core §2 has 255 ASCII characters, of which we take those that print. */
export function isSubject(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text)
}
