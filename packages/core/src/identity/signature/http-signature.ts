import { SallyportError } from '@sallyport/core/access'

import { fitsDigest } from './content-digest.ts'
import { type FieldTypes, fieldValue, type HttpMessage, knownFieldTypes, linesOf } from './http-message.ts'
import { type SignatureKey, signBase, verifyBase } from './http-signature-key.ts'
import type { SeenOnce } from '../seen-once.ts'
import { serialiseDictionary } from '../encoding/serialise-field.ts'
import { signatureBase } from './signature-base.ts'
import { type BareItem, type InnerList, parseDictionary } from '../encoding/structured-field.ts'

/** What a signature must be for us to believe it. */
export interface SignaturePolicy {
  /** Only signatures with this `tag` count: what they were made for. Without one, there must be exactly one at all. */
  readonly tag?: string
  /** Components that must be covered, without parameters that change them: `@method`, `@target-uri`, … */
  readonly required: readonly string[]
  /** How old one may be, whatever it says itself. */
  readonly maxAgeSeconds: number
  readonly skewSeconds: number
  /** When given, a signature needs a nonce, and is good once. */
  readonly seen?: SeenOnce
  readonly fieldTypes?: FieldTypes
}

/** A message and what it is judged by. */
export interface SignedMessage {
  readonly message: HttpMessage
  readonly body: Uint8Array<ArrayBuffer>
  /** The key of a `keyid`, if we know one. */
  readonly keyOf: (keyId: string) => SignatureKey | undefined | Promise<SignatureKey | undefined>
  readonly policy: SignaturePolicy
  readonly nowSeconds: number
}

/** Stable codes, documented in docs/errors.md. */
export type HttpSignatureCode =
  | 'http-signature.missing'
  | 'http-signature.malformed'
  | 'http-signature.ambiguous'
  | 'http-signature.parameters'
  | 'http-signature.uncovered'
  | 'http-signature.component'
  | 'http-signature.expired'
  | 'http-signature.not_yet_valid'
  | 'http-signature.unknown_key'
  | 'http-signature.algorithm'
  | 'http-signature.digest'
  | 'http-signature.wrong'
  | 'http-signature.replayed'
  | 'http-signature.replay_memory_full'

/** A signature that held, with what it says; or why it was refused. */
export type HttpSignatureVerdict =
  | {
      readonly kind: 'verified'
      readonly keyId: string
      readonly label: string
      /** Names of the components covered. */
      readonly covered: readonly string[]
      readonly createdSeconds: number
    }
  | { readonly kind: 'refused'; readonly code: HttpSignatureCode }

/**
 * Verifies one signature of a message (RFC 9421 §3.2) and, where there is a body, its digest (RFC 9530), which must
 * then be covered. The algorithm is the key's; `alg` is only compared with it. Adversary: who takes a signed message
 * and changes what is not covered, sends it again, or adds a signature of their own.
 */
export async function verifyHttpSignature(asked: SignedMessage): Promise<HttpSignatureVerdict> {
  const { message, body, policy, nowSeconds } = asked
  const chosen = chooseSignature(message, policy)
  if (typeof chosen === 'string') return refuse(chosen)
  const { label, covered, signature } = chosen
  const stated = readParameters(covered, policy)
  if (stated === undefined) return refuse('http-signature.parameters')
  const names = covered.items.map(({ value }) => String(value.value))
  const plain = covered.items.filter(({ parameters }) => parameters.size === 0).map(({ value }) => value.value)
  const needed = body.length > 0 ? [...policy.required, 'content-digest'] : policy.required
  if (!needed.every((name) => plain.includes(name))) return refuse('http-signature.uncovered')
  const { created, expires, keyid, alg } = stated
  if (nowSeconds < created - policy.skewSeconds) return refuse('http-signature.not_yet_valid')
  const endsAt = Math.min(expires ?? Infinity, created + policy.maxAgeSeconds) + policy.skewSeconds
  if (nowSeconds >= endsAt) return refuse('http-signature.expired')
  const base = signatureBase(message, covered, { ...knownFieldTypes, ...policy.fieldTypes })
  if (base === undefined) return refuse('http-signature.component')
  const key = await asked.keyOf(keyid)
  if (key === undefined) return refuse('http-signature.unknown_key')
  if (alg !== undefined && alg !== key.algorithm) return refuse('http-signature.algorithm')
  if (!(await verifyBase(key, base, signature))) return refuse('http-signature.wrong')
  const digest = fieldValue(linesOf(message.fields, 'content-digest'))
  if (digest !== undefined && !(await fitsDigest(digest, body))) return refuse('http-signature.digest')
  const use = policy.seen?.use(`${keyid} ${stated.nonce}`, endsAt, nowSeconds) ?? 'first'
  if (use !== 'first') return refuse(use === 'again' ? 'http-signature.replayed' : 'http-signature.replay_memory_full')
  return { kind: 'verified', keyId: keyid, label, covered: names, createdSeconds: created }
}

/** What a signature says of itself. */
export interface SignatureDescription {
  readonly label: string
  /** Component identifiers as they stand in Signature-Input: `"@method"`, `"content-type"`. */
  readonly covered: readonly string[]
  readonly createdSeconds: number
  readonly expiresSeconds?: number
  readonly nonce?: string
  readonly tag?: string
}

/** Signs a message: the values of the two fields to add. Throws `identity.signature_base` for what is not there. */
export async function signHttpMessage(
  message: HttpMessage,
  { label, covered, createdSeconds, expiresSeconds, nonce, tag }: SignatureDescription,
  key: SignatureKey,
  fieldTypes: FieldTypes = {},
): Promise<{ readonly signatureInput: string; readonly signature: string }> {
  const entries = parseDictionary(`${label}=(${covered.join(' ')})`)
  const [[, list] = []] = entries ?? []
  if (list?.kind !== 'inner-list') throw unsignable('a component is not written as Signature-Input has it')
  const text = (value: string): BareItem => ({ kind: 'string', value })
  const number = (value: number): BareItem => ({ kind: 'integer', value })
  const parameters = new Map<string, BareItem>([['created', number(createdSeconds)]])
  if (expiresSeconds !== undefined) parameters.set('expires', number(expiresSeconds))
  parameters.set('keyid', text(key.id))
  if (nonce !== undefined) parameters.set('nonce', text(nonce))
  if (tag !== undefined) parameters.set('tag', text(tag))
  const full: InnerList = { ...list, parameters }
  const base = signatureBase(message, full, { ...knownFieldTypes, ...fieldTypes })
  if (base === undefined) throw unsignable('the message has not every component that is to be covered')
  const bytes = { kind: 'bytes', value: await signBase(key, base) } as const
  return {
    signatureInput: serialiseDictionary([[label, full]]),
    signature: serialiseDictionary([[label, { kind: 'item', value: bytes, parameters: new Map() }]]),
  }
}

interface Chosen {
  readonly label: string
  readonly covered: InnerList
  readonly signature: Uint8Array<ArrayBuffer>
}

/** The one signature that counts, before anything of it is believed; a label twice, or two that count, is none. */
function chooseSignature(message: HttpMessage, { tag }: SignaturePolicy): Chosen | HttpSignatureCode {
  const inputField = fieldValue(linesOf(message.fields, 'signature-input'))
  const signatureField = fieldValue(linesOf(message.fields, 'signature'))
  if (inputField === undefined || signatureField === undefined) return 'http-signature.missing'
  const inputs = parseDictionary(inputField)
  const signatures = parseDictionary(signatureField)
  if (inputs === undefined || signatures === undefined) return 'http-signature.malformed'
  for (const entries of [inputs, signatures]) {
    if (new Set(entries.map(([name]) => name)).size < entries.length) return 'http-signature.malformed'
  }
  const counting = inputs.filter(([, { parameters }]) => tag === undefined || parameters.get('tag')?.value === tag)
  const [[label, covered] = [], ...more] = counting
  if (label === undefined || covered === undefined) return 'http-signature.missing'
  if (more.length > 0) return 'http-signature.ambiguous'
  const signature = new Map(signatures).get(label)
  if (covered.kind !== 'inner-list' || !covered.items.every(({ value }) => value.kind === 'string')) {
    return 'http-signature.malformed'
  }
  if (signature?.kind !== 'item' || signature.value.kind !== 'bytes') return 'http-signature.malformed'
  return { label, covered, signature: signature.value.value }
}

interface Stated {
  readonly created: number
  readonly expires: number | undefined
  readonly keyid: string
  readonly alg: string | undefined
  readonly nonce: string | undefined
}

/** RFC 9421 §2.3. A parameter that we do not know might change what the signature means, so there must be none. */
function readParameters({ parameters }: InnerList, policy: SignaturePolicy): Stated | undefined {
  const { created, expires, keyid, alg, nonce, tag, ...unknown } = Object.fromEntries(parameters)
  if (Object.keys(unknown).length > 0 || created?.kind !== 'integer' || keyid?.kind !== 'string') return undefined
  if (expires !== undefined && expires.kind !== 'integer') return undefined
  if (alg !== undefined && alg.kind !== 'string') return undefined
  if (nonce === undefined ? policy.seen !== undefined : nonce.kind !== 'string' || nonce.value === '') return undefined
  if (tag !== undefined && tag.kind !== 'string') return undefined
  return {
    created: created.value,
    expires: expires?.value,
    keyid: keyid.value,
    alg: alg?.value,
    nonce: nonce?.kind === 'string' ? nonce.value : undefined,
  }
}

function refuse(code: HttpSignatureCode): HttpSignatureVerdict {
  return { kind: 'refused', code }
}

function unsignable(message: string): SallyportError {
  return new SallyportError('identity.signature_base', message)
}
