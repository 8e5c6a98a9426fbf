import type { GuestInput } from './input.ts'

/** What the process of a guest is told first. */
export interface LoadMessage {
  readonly kind: 'load'
  readonly engine: 'opa' | 'cedar'
  /** The policy file in base64. */
  readonly policy: string
  readonly entrypoint: string
  /** JSON text. */
  readonly data?: string
  readonly memoryMb: number
}

/** A batch of requests; each has its own verdict. */
export interface AskMessage {
  readonly kind: 'ask'
  readonly id: number
  readonly inputs: readonly GuestInput[]
}

/** What one engine says of one request: a verdict, or why there is none. */
export type Said =
  | { readonly verdict: 'allow' | 'deny'; readonly detail?: string }
  | { readonly fault: 'guest.undefined' | 'guest.faulty'; readonly detail: string }

/** What comes back. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unloadable'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly said: readonly Said[] }

const longestDetail = 200

/**
 * Reads a message of a guest's process. Adversary: the guest, should it ever get hold of its process: what it says is
 * shown to operators and kept in the ledger, so only printable text of a bounded length comes through, and what is not
 * exactly a verdict is none. Undefined for anything else.
 */
export function readAnswer(value: unknown): Answer | undefined {
  if (!isRecord(value)) return undefined
  switch (value['kind']) {
    case 'ready':
      return { kind: 'ready' }
    case 'unloadable':
      return { kind: 'unloadable', message: printable(value['message']) }
    case 'answer': {
      const { id, said } = value
      return typeof id === 'number' && Array.isArray(said)
        ? { kind: 'answer', id, said: said.map(readSaid) }
        : undefined
    }
    default:
      return undefined
  }
}

function readSaid(value: unknown): Said {
  if (!isRecord(value)) return { fault: 'guest.faulty', detail: 'it said nothing that can be read' }
  const detail = printable(value['detail'])
  const { verdict } = value
  if (verdict === 'allow' || verdict === 'deny') return detail === '' ? { verdict } : { verdict, detail }
  return { fault: value['fault'] === 'guest.undefined' ? 'guest.undefined' : 'guest.faulty', detail }
}

/** Text without control and format characters, cut to what fits a line. */
export function printable(value: unknown): string {
  return typeof value === 'string'
    ? value
        .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
        .slice(0, longestDetail)
        .trim()
    : ''
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
