/** Why a security event token was not taken, each with the one line that its sender may be told. */
const messages = {
  'signal.too_large': 'The event token is larger than any that is accepted here.',
  'signal.malformed': 'The event token is not a canonical compact JWS with a JSON object in it.',
  'signal.type': 'The token is not of the type secevent+jwt.',
  'signal.wrong_issuer': 'The event token comes from another transmitter than the stream’s.',
  'signal.wrong_audience': 'The event token was made for somebody else.',
  'signal.unknown_key': 'The event token names a key that its transmitter does not have.',
  'signal.keys_unavailable': 'The transmitter’s keys could not be had, so nothing can be verified.',
  'signal.signature': 'The event token’s signature is wrong.',
  'signal.claims': 'The event token lacks a claim that is needed, or one has an impossible value.',
  'signal.too_old': 'The event token is too old to tell whether it was applied already.',
  'signal.from_future': 'The event token is from the future; check the clocks.',
  'signal.unknown_event': 'The event is of no kind that is understood here.',
  'signal.unknown_subject': 'The event names nobody whom this stream may speak of.',
} as const

/** Stable codes, documented in docs/errors.md. */
export type EventRefusalCode = keyof typeof messages

/** An event token that was not taken. A denial is data; nothing of the token itself is in it. */
export interface EventRefusal {
  readonly kind: 'refused'
  readonly code: EventRefusalCode
  readonly message: string
}

/** The refusal for a code, with its fixed message. */
export function refuseEvent(code: EventRefusalCode): EventRefusal {
  return { kind: 'refused', code, message: messages[code] }
}
