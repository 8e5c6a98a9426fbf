export { openStore, type Sealer, type Store } from './store.ts'
