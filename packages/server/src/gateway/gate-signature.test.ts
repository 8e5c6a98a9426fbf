import { anonymous, type Subject } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { alice, destination, request, roomsFor } from './testing/rooms.ts'

const service: Subject = { ...alice, id: 'arn:sallyport:identity:test::user/service:reports', name: 'service:reports' }
const headers = new Map([...request.headers, ['signature-input', 'sig1=()'], ['signature', 'sig1=:AA==:']])
const nobody = { ...anonymous, refused: { code: 'token.missing', message: 'm' } }

describe('the signature of a request', () => {
  test('says who asks, where no token does', async () => {
    const { ask, invoked } = roomsFor(nobody, { identifySigner: async () => service })
    expect(await ask({ credentials: [], headers })).toMatchObject({ status: 200 })
    expect(invoked.map(({ user }) => user?.name)).toEqual(['service:reports'])
  })

  test('says nothing beside a token', async () => {
    const { ask, invoked } = roomsFor(alice, { identifySigner: async () => service })
    await ask({ headers })
    expect(invoked.map(({ user }) => user?.name)).toEqual(['alice'])
  })

  test('is asked only where there is one, and where somebody signs here', async () => {
    const none = roomsFor(nobody, { identifySigner: async () => service })
    expect(await none.ask({ credentials: [] })).toEqual({ status: 401, code: 'token.missing' })
    const unasked = roomsFor(nobody, { identifySigner: () => undefined })
    expect(await unasked.ask({ credentials: [], headers })).toEqual({ status: 401, code: 'token.missing' })
  })

  test('that does not count is refused with its own code, also where nobody need be known', async () => {
    const wrong = { ...anonymous, refused: { code: 'http-signature.wrong', message: 'm' } }
    const { ask, invoked } = roomsFor(nobody, { identifySigner: async () => wrong })
    expect(await ask({ credentials: [], headers })).toEqual({ status: 401, code: 'http-signature.wrong' })
    expect(await ask({ credentials: [], headers, destination: destination(true) })).toMatchObject({ status: 401 })
    expect(invoked).toEqual([])
  })
})
