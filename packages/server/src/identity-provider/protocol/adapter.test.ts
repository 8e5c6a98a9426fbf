import { describe, expect, test } from 'vitest'

import { createAdapterFactory } from './adapter.ts'
import { clientLookup } from './clients.ts'
import { createMemoryStore } from '../testing/memory-store.ts'

const now = 1_700_000_010

describe('the adapter', () => {
  const store = createMemoryStore(() => now)
  const ended: string[] = []
  const adapterOf = createAdapterFactory({
    store,
    nowSeconds: () => now,
    findClient: clientLookup(() => []),
    grantEnded: async (grantId) => void ended.push(grantId),
  })

  test('stores no bearer secret as an id', async () => {
    await adapterOf('AuthorizationCode').upsert('the-code', { grantId: 'g', exp: now + 60 }, 60)
    await adapterOf('Session').upsert('the-session', { uid: 'the-uid', exp: now + 60 }, 60)
    const kinds = ['oidc-AuthorizationCode', 'oidc-Session', 'oidc-session-uid', 'oidc-grant-members']
    const ids = kinds.flatMap((kind) => store.ids(kind))
    expect(ids.length).toBe(4)
    for (const id of ids) expect(['the-code', 'the-session', 'the-uid', 'g']).not.toContain(id)
  })

  test('marks a code as used, finds sessions by uid, and revokes all of a grant', async () => {
    const codes = adapterOf('AuthorizationCode')
    await codes.consume('the-code')
    expect(await codes.find('the-code')).toMatchObject({ consumed: now })
    expect(await adapterOf('Session').findByUid('the-uid')).toMatchObject({ uid: 'the-uid' })
    await adapterOf('Session').destroy('the-session')
    expect(await adapterOf('Session').findByUid('the-uid')).toBeUndefined()
    await codes.revokeByGrantId('g')
    expect(await codes.find('the-code')).toBeUndefined()
  })

  test('knows the declared clients alone, and takes no other', async () => {
    const clients = adapterOf('Client')
    expect(await clients.find('anything')).toBeUndefined()
    expect(await clients.find('sallyport-cli')).toMatchObject({ token_endpoint_auth_method: 'none' })
    const registration = [
      clients.upsert('anything', {}, 60),
      clients.consume('sallyport-cli'),
      clients.destroy('sallyport-cli'),
      clients.revokeByGrantId('g'),
    ]
    for (const outcome of registration) await expect(outcome).rejects.toMatchObject({ error: 'invalid_request' })
    expect(await clients.find('anything')).toBeUndefined()
  })

  test('finds nothing by what was never given out, and leaves no way to what was destroyed', async () => {
    const [sessions, codes] = [adapterOf('Session'), adapterOf('DeviceCode')]
    expect(await sessions.findByUid('none')).toBeUndefined()
    expect(await codes.findByUserCode('none')).toBeUndefined()
    await codes.consume('none')
    expect(await codes.find('none')).toBeUndefined()
    await sessions.upsert('s', { uid: 'u', exp: now + 60 }, 60)
    await codes.upsert('d', { userCode: 'BCDF-GHJK', exp: now + 60 }, 60)
    expect(await codes.findByUserCode('BCDF-GHJK')).toMatchObject({ userCode: 'BCDF-GHJK' })
    const ways = (): number => ['oidc-session-uid', 'oidc-user-code'].flatMap((kind) => store.ids(kind)).length
    expect(ways()).toBe(2)
    await sessions.destroy('s')
    await codes.destroy('d')
    expect(ways()).toBe(0)
  })

  test('ends everything of a grant when two requests bring one refresh token at the same moment', async () => {
    const tokens = adapterOf('RefreshToken')
    await adapterOf('Grant').upsert('g2', { exp: now + 60 }, 60)
    await tokens.upsert('r1', { grantId: 'g2', exp: now + 60 }, 60)
    await tokens.upsert('r2', { grantId: 'g2', exp: now + 60 }, 60)
    const both = await Promise.allSettled([tokens.consume('r1'), tokens.consume('r1')])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await tokens.find('r2')).toBeUndefined()
    expect(await adapterOf('Grant').find('g2')).toBeUndefined()
    expect(ended).toEqual(['g2'])
  })
})
