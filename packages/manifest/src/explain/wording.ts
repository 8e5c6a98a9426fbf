import type { Reason } from '@sallyport/core/access'

/** What a sentence may name. All of it is known from the manifest or from verified evidence. */
export interface Facts {
  readonly subject: string
  readonly object: string
  readonly role?: string
  readonly detail?: string
  readonly guest?: string
}

/**
 * Every code that a refusal may show, with its sentence: the one table from which docs/errors.md is made.
 * A sentence says what was missing, never what a secret was.
 */
export const wording = {
  'route.role_missing': '{subject} holds no role that may call {object}; open to: {detail}',
  'route.authentication_required': '{object} needs a sign-in',
  'route.mfa_required': '{object} is open to {role} only with a second factor',
  'route.signals_stale':
    '{object} is open to {role} only while the signals about them are fresh, and their stream was silent for too long',
  'route.risk': '{object} is not open to {role} at the risk that a signal stream sees in them',
  'administration.signals_stale': '{object} is for {role} only while the signals about them are fresh',
  'administration.risk': '{object} is not for {role} at the risk that a signal stream sees in them',
  'route.device_unmanaged': '{object} is open to {role} only from a managed device{detail}',
  'route.country': '{object} is open to {role} only from declared countries, and this came from {detail}',
  'route.elevation_required': '{object} is open to {role} only while elevated',
  'route.authentication_too_old': '{object} needs a sign-in of the last {detail}',
  'route.insufficient_scope': '{object} needs a token with the scope {detail}',
  'zone.closed': '{subject} is in {detail}, from where {object} takes no calls',
  'function.not_granted': 'nothing under can lets {subject} call {object}',
  'function.not_granted_for': '{subject} may call {object} only for {detail}',
  'door.not_granted': 'nothing under can lets {subject} use {object}',
  'door.not_granted_for': '{subject} may use {object} only for {detail}',
  'door.unlisted': 'no door operation answers {object}',
  'table.not_granted': 'nothing under can lets {subject} do {object}',
  'table.no_user': "{subject} may do {object} on the user's own rows only, and this runs on behalf of no verified user",
  'table.not_own_row': "{subject} may do {object} on rows of the user it serves only, and this row is another's",
  'table.index': '{subject} may do {object}, and {detail} is not declared under indexes of that table',
  'table.index_of_all':
    "{subject} may do {object} on the user's own rows only, and {detail} is keyed by another column than the table is",
  'table.column': '{subject} may write declared columns only, and {object} touches {detail}',
  'table.return_values': '{object} asks for values back that would reveal other columns',
  'administration.role_missing': '{subject} holds no role that may do {object}',
  'administration.mfa_required': '{object} needs a second factor',
  'administration.device_unmanaged': '{object} is open to {role} only from a managed device',
  'administration.elevation_required': '{object} is open to {role} only while elevated',
  'administration.authentication_too_old': '{object} needs a sign-in of the last {detail}',
  'administration.insufficient_scope': '{object} needs a token with the scope {detail}',
  'administration.self_approval': 'nobody approves their own request ({object})',
  'separation.static': '{subject} holds {detail}, of which nobody may hold two',
  'separation.dynamic': '{subject} has {detail} active, of which nobody may have two at a time',
  'guest.denied': 'the guest {guest} refuses {object}: {detail}',
  'guest.no_verdict': 'the guest {guest} gave no verdict on {object}: {detail}',
  'guardrail.denied': 'a guardrail denies {object}: {detail}',
  'policy.denied': 'a policy denies {object}: {detail}',
} as const

/** A code of that table. Callers and tests tell refusals apart by codes, never by the sentence. */
export type RefusalCode = keyof typeof wording

/** The reason with its sentence; layer, rule and place are kept from the engine's own. */
export function reword(
  reason: Reason,
  code: RefusalCode,
  facts: Facts,
  more: Pick<Reason, 'at' | 'fix' | 'rule'> = {},
): Reason {
  const { fix: _, ...rest } = reason
  return { ...rest, ...more, code, message: sentence(code, facts) }
}

function sentence(code: RefusalCode, facts: Facts): string {
  const words: Readonly<Record<string, string | undefined>> = { ...facts }
  return wording[code].replaceAll(/\{([a-z]+)\}/g, (_, name: string) => words[name] ?? '')
}
