import type { App } from '@sallyport/manifest'

import type { EnrolmentLink, Enrolments, UserStore } from './identity-provider/index.ts'

/** What a start finds of administrators: some, or a way to the first, or what is missing for one. */
export type FirstAdministrator =
  | { readonly kind: 'there' }
  | ({ readonly kind: 'invited' } & EnrolmentLink)
  /** In words, for the operator. */
  | { readonly kind: 'missing'; readonly words: string }

/** A person is at the terminal now, and stays for as long as it takes. */
const lifetimeSeconds = 30 * 60

/**
 * Invites the first administrator, once in the life of a state folder: where the embedded provider has no user with an
 * administrative role, none was ever enrolled so, and somebody is present to see the link. What an earlier start gave
 * out is good no more, whatever this one finds.
 */
export async function inviteFirstAdministrator(
  app: App,
  users: UserStore,
  enrolments: Enrolments,
  isPresent: boolean,
): Promise<FirstAdministrator> {
  enrolments.close()
  const { users: overUsers, ...others } = app.administration
  const roles = overUsers.length > 0 ? overUsers : [...new Set(Object.values(others).flat())]
  const hasEmbedded = app.issuers.some(({ kind }) => kind === 'embedded')
  if (!hasEmbedded || roles.length === 0 || enrolments.firstIsMade()) return { kind: 'there' }
  const isAdministrator = (name: string): boolean =>
    users.find(name)?.roles.some((role) => Object.values(app.administration).flat().includes(role)) === true
  if (users.names().some(isAdministrator)) return { kind: 'there' }
  if (!isPresent) return { kind: 'missing', words: 'nobody administers this app; start it once on a terminal' }
  const [role = ''] = roles
  const link = await enrolments.open({
    purpose: 'first-administrator',
    roles: [role],
    sets: ['password', 'factor'],
    lifetimeSeconds,
  })
  return { kind: 'invited', ...link }
}
