import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { anonymous, Secret } from '@sallyport/core/access'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, it } from 'vitest'

import type { Invocation } from './host/index.ts'
import { openIdentityTokens } from './identity-tokens.ts'
import type { Vault } from './vault/index.ts'

it('a function shows who it is by a token that its key set verifies, also after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-identity-'))
  const kept = new Map<string, Secret<string>>()
  const vault = {
    useSecret: (name) => kept.get(name),
    setSecret: async (name, value) => kept.set(name, value).size,
  } as Vault // the part that is used
  const subject = { ...anonymous, name: 'payments', workload: { zone: 'restricted', codeDigest: 'd1' } }
  const invocation = { transaction: 't1', actors: ['a1'] } as unknown as Invocation // what is read of one
  try {
    await openIdentityTokens('shop', vault, folder)
    const mint = await openIdentityTokens('shop', vault, folder)
    const token = mint('https://partner.example', subject, invocation)
    const keys = createLocalJWKSet(JSON.parse(readFileSync(join(folder, 'function-keys.json'), 'utf8')))
    const verified = await jwtVerify(token, keys, { audience: 'https://partner.example', algorithms: ['ES256'] })
    expect(verified.payload).toMatchObject({
      sub: 'spiffe://shop/zone/restricted/function/payments',
      transaction: 't1',
      actors: ['a1'],
      code: 'd1',
    })
    expect((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0)).toBe(60)
    await expect(jwtVerify(token, keys, { audience: 'https://other.example' })).rejects.toThrow('aud')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
