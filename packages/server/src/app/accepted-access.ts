import { type AccessFact, accessFacts, type App, compareFacts } from '@sallyport/manifest'

import type { AccessChange } from './broadening.ts'

/** What was last accepted here, as the store keeps it. */
interface Accepted {
  readonly digest: string
  readonly facts: readonly AccessFact[]
}

/** How an app's access differs from what was accepted last, and what is to be kept once it is accepted itself. */
export function compareAccess(
  kept: string | undefined,
  app: App,
): AccessChange & { readonly previous?: string; readonly accepted: string } {
  const facts = accessFacts(app)
  const accepted = write({ digest: app.digest, facts })
  if (kept === undefined) return { lines: facts.map(({ line }) => `+ ${line}`), broadens: false, accepted }
  const last = read(kept)
  return { ...compareFacts(last.facts, facts), previous: last.digest, accepted }
}

const unbounded = 'unbounded'

/** JSON has no Infinity and would keep null, which compares as 0: the widest rank would come back as the narrowest. */
function write(accepted: Accepted): string {
  return JSON.stringify(accepted, (_key, value: unknown) => (value === Infinity ? unbounded : value))
}

/** Our own text, sealed by this server. */
function read(text: string): Accepted {
  const isRank = (key: string): boolean => key === 'rank' || key === 'absentRank'
  return JSON.parse(text, (key, value: unknown) => (isRank(key) && value === unbounded ? Infinity : value)) as Accepted
}
