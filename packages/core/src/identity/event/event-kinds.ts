import type { JsonObject } from '@sallyport/core/json'

/** How much risk a transmitter sees in somebody, from the least. */
export const riskLevels = ['low', 'medium', 'high'] as const

/** One of them. */
export type RiskLevel = (typeof riskLevels)[number]

/** What an event means here. */
export interface EventMeaning {
  /** Whether rights end: those of the narrowest thing that the event names. */
  readonly ends: boolean
  readonly risk?: RiskLevel
  /** What became of the device. */
  readonly compliant?: boolean
  /** For events about the stream itself: whether more are to be expected. */
  readonly stream?: 'alive' | 'silent'
}

type Reader = (details: JsonObject) => EventMeaning | undefined

const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const risc = 'https://schemas.openid.net/secevent/risc/event-type'
const framework = 'https://schemas.openid.net/secevent/ssf/event-type'

const noted: EventMeaning = { ends: false }
const ended: EventMeaning = { ends: true }

/** By the words of one member of the event; undefined for a word that is not among them. */
function byWord(member: string, words: Readonly<Record<string, EventMeaning>>): Reader {
  return ({ [member]: said }) => (typeof said === 'string' && Object.hasOwn(words, said) ? words[said] : undefined)
}

const always =
  (meaning: EventMeaning): Reader =>
  () =>
    meaning

/**
 * The events that are understood, one line each: OpenID CAEP 1.0, RISC 1.0, and those of the Shared Signals Framework
 * about a stream. An event that only adds to what a person holds is noted; whatever takes something from them, or puts
 * it in doubt, ends what rests on it.
 */
const eventKinds: ReadonlyMap<string, Reader> = new Map([
  [`${caep}/session-revoked`, always(ended)],
  [`${caep}/token-claims-change`, always(ended)],
  [`${caep}/credential-change`, byWord('change_type', { create: noted, update: ended, revoke: ended, delete: ended })],
  [`${caep}/assurance-level-change`, byWord('change_direction', { increase: noted, decrease: ended })],
  [
    `${caep}/device-compliance-change`,
    byWord('current_status', {
      compliant: { ends: false, compliant: true },
      'not-compliant': { ends: true, compliant: false },
    }),
  ],
  [
    `${caep}/risk-level-change`,
    byWord('current_level', {
      LOW: { ends: false, risk: 'low' },
      MEDIUM: { ends: false, risk: 'medium' },
      HIGH: { ends: true, risk: 'high' },
    }),
  ],
  [`${caep}/session-established`, always(noted)],
  [`${caep}/session-presented`, always(noted)],
  [`${risc}/account-credential-change-required`, always(ended)],
  [`${risc}/account-purged`, always(ended)],
  [`${risc}/account-disabled`, always(ended)],
  [`${risc}/account-enabled`, always(noted)],
  [`${risc}/credential-compromise`, always(ended)],
  [`${risc}/identifier-changed`, always(ended)],
  [`${risc}/identifier-recycled`, always(ended)],
  [`${risc}/recovery-activated`, always(ended)],
  [`${risc}/recovery-information-changed`, always(noted)],
  [`${risc}/sessions-revoked`, always(ended)],
  [`${framework}/verification`, always({ ends: false, stream: 'alive' })],
  [
    `${framework}/stream-updated`,
    byWord('status', {
      enabled: { ends: false, stream: 'alive' },
      paused: { ends: false, stream: 'silent' },
      disabled: { ends: false, stream: 'silent' },
    }),
  ],
])

/** What an event of this type says with these details; undefined for what is not understood, which is never a guess. */
export function meaningOfEvent(type: string, details: JsonObject): EventMeaning | undefined {
  return eventKinds.get(type)?.(details)
}
