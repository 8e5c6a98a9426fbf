export { type BoundToken, type HolderKey, makeHolderKey, proofOf, thumbprintOf } from './bound-token.ts'
