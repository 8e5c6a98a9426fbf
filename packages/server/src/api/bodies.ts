import type { Asked } from './verb.ts'

/** A refusal that is certain before any policy is asked. */
export const fault = (code: string, message: string): NonNullable<Asked['fault']> => ({ code, message })

/** The members of a JSON object; undefined for anything else. Adversary: whoever holds the local token. */
export function membersOf(body: Uint8Array): ReadonlyMap<string, unknown> | undefined {
  const value = parseJson(body)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined
}

/** JSON in UTF-8; undefined for what is neither, and so cannot be meant. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined // not JSON, or not UTF-8: nothing that could be meant
  }
}

const maxReasonLength = 500

/** What nobody sees: spaces, controls, and letters without a shape. */
const unseen = /^[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]*$/u

/** The `reason` of a body, cut to 500 characters; empty where none was given that somebody could read. */
export function reasonIn(body: Uint8Array): string {
  const reason = membersOf(body)?.get('reason')
  const kept = typeof reason === 'string' ? reason.slice(0, maxReasonLength).trim() : ''
  return unseen.test(kept) ? '' : kept
}
