export { type EncryptionContext } from './envelope.ts'
export { openVault, type Vault } from './vault.ts'
