import { Secret, SallyportError } from '@sallyport/core/access'
import { ed25519Signer, generateEd25519, type NoteSigner } from '@sallyport/core/ledger'

/** The part of a vault that keeps the ledger's key. */
export interface KeyKeeper {
  readonly useSecret: (name: string) => Secret<string> | undefined
  readonly setSecret: (name: string, value: Secret<string>) => Promise<number>
}

/** The key that signs checkpoints, made on the first run and kept sealed ever after. */
export async function openLedgerSigner(keeper: KeyKeeper, origin: string): Promise<NoteSigner> {
  const name = 'sallyport/ledger-key'
  const kept = keeper.useSecret(name)?.reveal()
  if (kept !== undefined) {
    const [pkcs8, publicKey] = kept.split('.').map((part) => Buffer.from(part, 'base64url'))
    if (!pkcs8 || !publicKey) throw new SallyportError('ledger.key_damaged', "The ledger's signing key cannot be read.")
    return ed25519Signer(origin, pkcs8, publicKey)
  }
  const { pkcs8, publicKey } = await generateEd25519()
  const parts = [pkcs8, publicKey].map((part) => Buffer.from(part).toString('base64url'))
  await keeper.setSecret(name, new Secret(parts.join('.')))
  return ed25519Signer(origin, pkcs8, publicKey)
}
