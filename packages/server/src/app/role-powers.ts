import { createHash } from 'node:crypto'

import { arn } from '@sallyport/core/access'
import { accessOf, accountsOfPerson, type App, type Jit } from '@sallyport/manifest'

/** How a role is elevated just in time; undefined when it is not. */
export function elevationRuleOf(app: App, role: string): Jit | undefined {
  return app.people.find(({ name }) => name === role)?.jit
}

/**
 * Digest of everything that the manifest says of a role: what it may call, under which conditions, which rows are open
 * to it, how it is elevated. An approval is for exactly that, and ends when any of it changes.
 */
export function powersOf(app: App, role: string): string {
  const digests = known.get(app) ?? new Map<string, string>()
  known.set(app, digests)
  const digest = digests.get(role) ?? digestOf(app, role)
  digests.set(role, digest)
  return digest
}

// Asked at every use of an elevation, while the manifest stays the same.
const known = new WeakMap<App, Map<string, string>>()

function digestOf(app: App, role: string): string {
  const lines = accessOf(app).filter((line) => mentions(line, role))
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** A user of our own, with the accounts outside that an administrator linked them to. */
export interface LinkedUser {
  readonly name: string
  /** By the exact `iss` and `sub`. */
  readonly links: readonly { readonly issuer: string; readonly subject: string }[]
}

/**
 * ARNs of every account of the person behind this one, itself included: those that the manifest says are one person's,
 * and those that a link does. Adversary: who asks as the one and approves by a token of the other.
 */
export function personOf(app: App, account: string, linked: readonly LinkedUser[]): readonly string[] {
  const prefix = arn.user(app.name, '')
  const names = new Set([account.startsWith(prefix) ? account.slice(prefix.length) : account])
  // A set that is walked comes to what was added meanwhile, too.
  for (const name of names) {
    for (const other of [...accountsOfPerson(app, name), ...linkedWith(app, name, linked)]) names.add(other)
  }
  return [account, ...[...names].map((name) => arn.user(app.name, name))]
}

/** Where the issuer at which somebody signs in is also one whose tokens count, its account bears the issuer's name. */
function linkedWith(app: App, account: string, linked: readonly LinkedUser[]): readonly string[] {
  return linked.flatMap(({ name, links }) => {
    const outside = links.flatMap(({ issuer, subject }) =>
      app.issuers.flatMap((one) => (one.kind === 'oidc' && one.issuer === issuer ? [`${one.name}:${subject}`] : [])),
    )
    const accounts = [name, ...outside]
    return accounts.includes(account) ? accounts : []
  })
}

/** Too many lines only end an approval early; one too few would let it stand for what nobody approved. */
function mentions(line: string, role: string): boolean {
  return line.split(/[^a-z0-9-]+/).includes(role) || line.startsWith('anyone may call ')
}
