import { contextKeys } from '@sallyport/core/access'
import { expect, it } from 'vitest'

import { guestsThatSay } from '../information/testing/guests.ts'
import { ask, openHarness } from './testing/harness.ts'

it('guests are asked about what leaves, with the facts about whom it serves', async () => {
  const askGuests = guestsThatSay(({ context }) => String(context[contextKeys.actorChain]))
  const harness = await openHarness({ upstream: 'http://127.0.0.1:9', rooms: { askGuests } })
  try {
    await ask(harness, 'https://api.stripe.com/v1/balance')
    const [decision] = harness.decisions
    expect(decision?.context['sallyport:Guest/tested']).toBe(decision?.subject)
  } finally {
    await harness.close()
  }
})
