import { expect, test } from 'vitest'

import { answerName } from './handshake.ts'

test('a server that cannot prove its name shows no other certificate for it, and says why', async () => {
  const troubles: unknown[] = []
  const cause = new Error('the root is not here')
  const name = 'shop.sallyport.internal'
  const answer = answerName({
    name,
    svid: () => Promise.reject(cause),
    onTrouble: (one) => void troubles.push(one),
  })
  const toldOf = (asked: string): Promise<unknown> => new Promise((resolve) => answer(asked, resolve))
  expect(await toldOf('localhost'), 'control').toBeNull()
  expect(troubles).toEqual([])
  expect(await toldOf(name)).toBeInstanceOf(Error)
  expect(troubles).toEqual([cause])
})
