import { expect, test } from 'vitest'

import { followRevocations } from './revocations.ts'

test('lists that cannot be read, or of nobody, say that nothing is known, and the operator hears of it', async () => {
  let text = (): Promise<string> => Promise.reject(new Error('gone'))
  let nowMs = 0
  const troubles: unknown[] = []
  const { statusOf, refresh } = await followRevocations({
    read: () => text(),
    authorities: [],
    nowMs: () => nowMs,
    onTrouble: (cause) => troubles.push(cause),
  })
  expect([statusOf(new Uint8Array(1), '4d'), troubles.length]).toEqual(['unknown', 1])
  text = () => Promise.resolve('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----')
  nowMs = 59_999
  expect(refresh()).toBeUndefined()
  for (nowMs = 60_000; nowMs < 240_000; nowMs += 60_000) {
    const reading = refresh()
    expect(refresh()).toBe(reading)
    await reading
  }
  expect(troubles.slice(1)).toMatchObject([{ code: 'device.revocation_list' }]) // once, for it stays so
  nowMs = -1_000_000 // also where the clock was set back
  expect(refresh()).toBeDefined()
})
