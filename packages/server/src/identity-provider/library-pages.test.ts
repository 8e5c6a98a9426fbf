import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { SignInEvent } from './ports.ts'
import { startTestProvider, type TestProvider } from './testing/index.ts'
import { openVisit } from './testing/visitor.ts'

const reported: SignInEvent[] = []
let provider: TestProvider
beforeAll(async () => {
  provider = await startTestProvider({ report: (event) => void reported.push(event) })
})
afterAll(() => provider.close())

describe('a page of the library itself', () => {
  test('stands in no frame, and in no cache', async () => {
    const { headers, body } = await openVisit(provider).send('GET', '/device?user_code=AAAA-AAAA')
    expect(body).toContain('AAAA-AAAA')
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['cache-control']).toBe('no-store')
  })

  test('that the library cannot make is one of ours, and on record', async () => {
    // A form whose session is over.
    const { status, headers } = await openVisit(provider).submit('/device', { xsrf: 'x', user_code: 'AAAA-AAAA' })
    expect([status, headers['content-type']]).toEqual([500, 'text/html; charset=utf-8'])
    expect(reported).toMatchObject([{ event: 'failed', code: 'sign-in.fault' }])
  })
})
