import { randomBytes } from 'node:crypto'

import type { App } from '@sallyport/manifest'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { inviteFirstAdministrator } from './first-administrator.ts'
import { startTestProvider, type TestProvider } from './identity-provider/testing/index.ts'
import { openVisit } from './identity-provider/testing/visitor.ts'

let provider: TestProvider

beforeEach(async () => {
  provider = await startTestProvider()
})
afterEach(() => provider.close())

const app = (administration: Partial<App['administration']>, issuers: unknown = [{ kind: 'embedded' }]): App =>
  // Only what the invitation looks at.
  ({ administration: { secrets: [], configuration: [], invoke: [], users: [], ...administration }, issuers }) as App

const invite = (of: App, isPresent = true): ReturnType<typeof inviteFirstAdministrator> =>
  inviteFirstAdministrator(of, provider.users, provider.enrolments, isPresent)

test('is invited on a terminal, and without one it is said how', async () => {
  expect(await invite(app({ users: ['owner'] }), false)).toMatchObject({ kind: 'missing' })
  expect(provider.enrolled).toEqual([])
  expect(await invite(app({ users: ['owner'], secrets: ['keeper'] }))).toMatchObject({ kind: 'invited' })
  expect(provider.enrolled).toMatchObject([{ event: 'opened', purpose: 'first-administrator', roles: ['owner'] }])
})

test('is not invited where there is an administrator, or can be none here', async () => {
  expect(await invite(app({ secrets: ['admin'] }))).toEqual({ kind: 'there' }) // ada of the manifest
  expect(await invite(app({}))).toEqual({ kind: 'there' })
  expect(await invite(app({ users: ['owner'] }, [{ kind: 'oidc' }]))).toEqual({ kind: 'there' })
  expect(provider.enrolled).toEqual([])
})

test('is made once: an earlier link ends with the next start, and after the first one nobody is invited', async () => {
  const [first, second] = [await invite(app({ users: ['owner'] })), await invite(app({ users: ['owner'] }))]
  if (first.kind !== 'invited' || second.kind !== 'invited') throw new Error('nobody was invited')
  const visitor = openVisit(provider)
  const pathOf = (link: string): string => new URL(link).pathname
  expect((await visitor.send('GET', pathOf(first.link))).status).toBe(404)
  expect((await visitor.send('GET', pathOf(second.link))).status).toBe(200)
  provider.enrolments.markFirst()
  expect(await invite(app({ users: ['owner'] }))).toEqual({ kind: 'there' })
  expect((await visitor.send('GET', pathOf(second.link))).status).toBe(404)
})

test('a link that nobody can see any more ends with a start without terminal', async () => {
  const invited = await invite(app({ users: ['owner'] }))
  await invite(app({ users: ['owner'] }), false)
  const link = invited.kind === 'invited' ? invited.link : randomBytes(8).toString('hex')
  expect((await openVisit(provider).send('GET', new URL(link).pathname)).status).toBe(404)
})
