import type { AccessRequest } from '@sallyport/core/access'

import type { AskGuests } from '../ask-guests.ts'

/** A guest called `tested`, without a process: it says of each request what `say` makes of it. */
export function guestsThatSay(say: (request: AccessRequest) => string): AskGuests {
  return <Asked extends readonly AccessRequest[]>(asked: Asked) => {
    const told: readonly AccessRequest[] = asked.map((request) => ({
      ...request,
      context: { ...request.context, 'sallyport:Guest/tested': say(request) },
    }))
    // As many as were asked, in the same order.
    return Promise.resolve(told as Asked)
  }
}
