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

/** ARNs of every account of the person behind this one, itself included. */
export function personOf(app: App, account: string): readonly string[] {
  const prefix = arn.user(app.name, '')
  const name = account.startsWith(prefix) ? account.slice(prefix.length) : account
  return [account, ...accountsOfPerson(app, name).map((one) => arn.user(app.name, one))]
}

/** Too many lines only end an approval early; one too few would let it stand for what nobody approved. */
function mentions(line: string, role: string): boolean {
  return line.split(/[^a-z0-9-]+/).includes(role) || line.startsWith('anyone may call ')
}
