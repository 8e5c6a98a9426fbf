export { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
export { type CompactRange, createCompactRange } from './compact-range.ts'
export {
  encodeEntry,
  type Entries,
  type Entry,
  findEntry,
  frameHeaderBytes,
  maxEntryBytes,
  readEntries,
  sealFrame,
} from './framing.ts'
export { equalHashes, hashEmpty, hashLeaf, hashNode, type Sha256 } from './hash.ts'
export {
  isKeyName,
  keyIdOf,
  type NoteRefusal,
  type NoteSigner,
  type NoteVerifier,
  type OpenedNote,
  openNote,
  signNote,
} from './note.ts'
export { parseRecord } from './parse-record.ts'
export { proveConsistency, proveInclusion, rootOf, type SubtreeHash, subtreeHashOf } from './proof.ts'
export { ed25519Signer, ed25519Verifier, formatVerifierKey, generateEd25519, parseVerifierKey } from './verifier-key.ts'
export {
  type Consistency,
  type Inclusion,
  isSubtree,
  type SubtreeConsistency,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
} from './verify-proof.ts'
