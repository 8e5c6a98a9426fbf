import type { Guests } from '@sallyport/guests'

import type { LoadedManifest } from './app/index.ts'
import type { Ending } from './operation/index.ts'

/** The guests of the manifest in force, replaced together with it. */
export interface GuestsInForce {
  readonly ask: Guests['ask']
  /** Takes those of a manifest that may come into force, and gives the manifest back. */
  readonly offer: (next: LoadedManifest) => LoadedManifest
  /** Those offered last are asked from now on; the others end. */
  readonly takeOffered: () => void
}

/** Keeps guests, and ends all of them when the server ends. Those that were offered and not taken end as well. */
export function guestsInForce(first: Guests, started: Ending[]): GuestsInForce {
  let current = first
  let offered: Guests | undefined
  const endings: Promise<void>[] = []
  started.push(async () => {
    endings.push(current.close(), offered?.close() ?? Promise.resolve())
    await Promise.all(endings)
  })
  return {
    ask: (asked) => current.ask(asked),
    offer: (next) => {
      if (offered !== undefined) endings.push(offered.close())
      offered = next.guests
      return next
    },
    takeOffered: () => {
      if (offered === undefined) return
      endings.push(current.close())
      current = offered
      offered = undefined
    },
  }
}
