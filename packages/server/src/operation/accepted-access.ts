import { type App, accessOf } from '@sallyport/manifest'

import type { AccessChange } from './broadening.ts'

/** What was last accepted here, as the store keeps it. */
interface Accepted {
  readonly digest: string
  readonly access: readonly string[]
}

/** How an app's access differs from what was accepted last, and what is to be kept once it is accepted itself. */
export function compareAccess(
  kept: string | undefined,
  app: App,
): AccessChange & { readonly previous?: string; readonly accepted: string } {
  const access = accessOf(app)
  const accepted = JSON.stringify({ digest: app.digest, access } satisfies Accepted)
  if (kept === undefined) return { lines: access.map((line) => `+ ${line}`), broadens: false, accepted }
  const last: Accepted = JSON.parse(kept) // sealed by this server
  const before = new Set(last.access)
  const now = new Set(access)
  const gained = access.filter((line) => !before.has(line)).map((line) => `+ ${line}`)
  const lost = last.access.filter((line) => !now.has(line)).map((line) => `- ${line}`)
  return { lines: [...gained, ...lost], broadens: gained.length > 0, previous: last.digest, accepted }
}
