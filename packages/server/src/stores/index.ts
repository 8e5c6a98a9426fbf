export { openStore, type Sealer, type Store } from './store.ts'
export { openUsedProofs, type UsedProofs } from './used-proofs.ts'
