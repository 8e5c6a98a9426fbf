import type { AccessRequest } from '@sallyport/core/access'

/**
 * The gather step's last part: every request with the verdicts of the guests that are asked about it, as facts. At
 * once where there are no guests. Never rejects: a verdict that did not come is an absent fact, and denies.
 */
export type AskGuests = <Asked extends readonly AccessRequest[]>(asked: Asked) => Promise<Asked> | Asked
