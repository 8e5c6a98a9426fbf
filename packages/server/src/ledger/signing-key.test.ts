import { Secret } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { type KeyKeeper, openLedgerSigner } from './index.ts'

function memoryKeeper(): KeyKeeper & { readonly kept: Map<string, Secret<string>> } {
  const kept = new Map<string, Secret<string>>()
  return {
    kept,
    useSecret: (name) => kept.get(name),
    setSecret: async (name, value) => {
      kept.set(name, value)
      return 1
    },
  }
}

test('the key that signs checkpoints is made once, and stands nowhere but with its keeper', async () => {
  const keeper = memoryKeeper()
  const first = await openLedgerSigner(keeper, 'sallyport.local/shop')
  const second = await openLedgerSigner(keeper, 'sallyport.local/shop')
  expect(second.publicKey).toEqual(Buffer.from(first.publicKey))
  const message = Buffer.from('message')
  expect(await second.sign(message)).toEqual(await first.sign(message)) // Ed25519 is deterministic
  const [kept] = keeper.kept.values()
  expect(JSON.stringify([first, [...keeper.kept]])).not.toContain(kept?.reveal().slice(0, 40))
})

test('a damaged key is not made anew: whoever pinned it would see a fork', async () => {
  const keeper = memoryKeeper()
  keeper.kept.set('sallyport/ledger-key', new Secret('damaged'))
  await expect(openLedgerSigner(keeper, 'sallyport.local/shop')).rejects.toMatchObject({ code: 'ledger.key_damaged' })
  expect(keeper.kept.get('sallyport/ledger-key')?.reveal()).toBe('damaged')
})
