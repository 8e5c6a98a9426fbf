import { createHash } from 'node:crypto'

import { accessOf, type App } from '@sallyport/manifest'

/** How a role is elevated just in time; undefined when it is not. */
export function elevationRuleOf(
  app: App,
  role: string,
): { readonly maxMs: number; readonly approvers: readonly string[] } | undefined {
  return app.people.find(({ name }) => name === role)?.jit
}

/**
 * Digest of everything that the manifest says of a role: what it may call, under which conditions, which rows are open
 * to it, how it is elevated. An approval is for exactly that, and ends when any of it changes.
 */
export function powersOf(app: App, role: string): string {
  const lines = accessOf(app).filter((line) => mentions(line, role))
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** Too many lines only end an approval early; one too few would let it stand for what nobody approved. */
function mentions(line: string, role: string): boolean {
  return line.split(/[^a-z0-9-]+/).includes(role) || line.startsWith('anyone may call ')
}
