import { fromBase64, toBase64 } from './base64.ts'
import { equalHashes, type Sha256 } from './hash.ts'

// C2SP signed-note: text, an empty line, then one line per signature: `— <name> <base64(key id || signature)>`.
const ed25519 = 0x01
const keyIdBytes = 4
const signaturePrefix = '— '
// More lines than any witness set needs; each known one costs a verification.
const maxSignatures = 64

/** Signs notes under one name. */
export interface NoteSigner {
  readonly name: string
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Promise<Uint8Array> | Uint8Array
}

/** Checks the signatures of one name and key. */
export interface NoteVerifier {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly verify: (message: Uint8Array, signature: Uint8Array) => Promise<boolean> | boolean
}

/** Why a note was not accepted. */
export type NoteRefusal = 'malformed' | 'unsigned' | 'bad-signature'

/** A note whose signatures by known keys all verify, and of those there is at least one. */
export type OpenedNote =
  | { readonly text: string; readonly signedBy: readonly string[] }
  | { readonly refusal: NoteRefusal }

/** First four bytes of `SHA-256(name || 0x0A || type || key)` (C2SP signed-note, "Signatures"). */
export function keyIdOf(sha256: Sha256, name: string, publicKey: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(`${name}\n`)
  return sha256(concatenate(prefix, Uint8Array.of(ed25519), publicKey)).slice(0, keyIdBytes)
}

/** True for what C2SP allows as a key name: not empty, no space, no plus. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && !/[\s+]/u.test(name)
}

/** Signs a text that ends in a newline. */
export async function signNote(sha256: Sha256, text: string, signer: NoteSigner): Promise<string> {
  if (!isNoteText(text) || !isKeyName(signer.name)) throw new RangeError('not a text or name that a note can carry')
  const signature = await signer.sign(new TextEncoder().encode(text))
  const keyId = keyIdOf(sha256, signer.name, signer.publicKey)
  return `${text}\n${signaturePrefix}${signer.name} ${toBase64(concatenate(keyId, signature))}\n`
}

/** Parses and verifies. Signatures by unknown keys are passed over; a false one by a known key refuses the note. */
export async function openNote(
  sha256: Sha256,
  bytes: Uint8Array,
  verifiers: readonly NoteVerifier[],
): Promise<OpenedNote> {
  const parsed = parseNote(bytes)
  if (!parsed) return { refusal: 'malformed' }
  const message = new TextEncoder().encode(parsed.text)
  const signedBy = new Set<string>()
  for (const line of parsed.signatures) {
    const verifier = verifiers.find(
      ({ name, publicKey }) => name === line.name && equalHashes(keyIdOf(sha256, name, publicKey), line.keyId),
    )
    if (!verifier) continue
    if (!(await verifier.verify(message, line.signature))) return { refusal: 'bad-signature' }
    signedBy.add(verifier.name)
  }
  if (signedBy.size === 0) return { refusal: 'unsigned' }
  return { text: parsed.text, signedBy: [...signedBy] }
}

interface SignatureLine {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

function parseNote(bytes: Uint8Array): { text: string; signatures: readonly SignatureLine[] } | undefined {
  const note = decodeUtf8(bytes)
  if (note === undefined) return undefined
  // The last empty line separates: the text itself may hold empty lines.
  const split = note.lastIndexOf('\n\n')
  if (!note.endsWith('\n')) return undefined
  const text = note.slice(0, split + 1)
  const lines = note.slice(split + 2, -1).split('\n')
  if (!isNoteText(text) || lines.length > maxSignatures) return undefined
  const signatures = lines.map(parseSignatureLine)
  return signatures.every((line) => line !== undefined) ? { text, signatures } : undefined
}

function parseSignatureLine(line: string): SignatureLine | undefined {
  if (!line.startsWith(signaturePrefix)) return undefined
  const [name, encoded, ...more] = line.slice(signaturePrefix.length).split(' ')
  if (name === undefined || encoded === undefined || more.length > 0 || !isKeyName(name)) return undefined
  const blob = fromBase64(encoded)
  if (!blob || blob.length <= keyIdBytes) return undefined
  return { name, keyId: blob.slice(0, keyIdBytes), signature: blob.slice(keyIdBytes) }
}

/** UTF-8 without control characters below U+0020 other than the newline, ending in one. */
function isNoteText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the grammar is about control characters
  return text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/.test(text)
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // not UTF-8: the caller reports it as malformed
  }
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
