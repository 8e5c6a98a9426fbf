import { contextKeys } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'
import { expect, test } from 'vitest'

import type { AdministrativeRequest, Asked, Verb } from './verb.ts'
import { type ElevationActs, elevationVerbs } from './verbs-elevation.ts'

const jit = { maxMs: 1, approvers: ['admin'], reasonRequired: true, breakGlassMs: 1 }
const people = [
  { name: 'admin', jit },
  { name: 'auditor', jit: { ...jit, reasonRequired: false, breakGlassMs: undefined } },
  { name: 'customer' },
]
const standing = { id: 'e1', subject: 'ada', role: 'admin', state: 'requested' }
const done: string[] = []
const acts = {
  app: () => ({ name: 'shop', people }) as unknown as App,
  elevation: (id: string) => (id === 'e1' ? standing : undefined),
  personOf: (account: string) => [account, `${account}-elsewhere`],
  denyElevation: (_id: string, _by: unknown, reason: string) => Promise.resolve(done.push(reason)),
} as unknown as ElevationActs

function verb(path: string): Verb {
  const found = elevationVerbs(acts).find((one) => one.path === path)
  if (found === undefined) throw new Error(`no verb ${path}`)
  return found
}
const request = (path: string, body: object, name = ''): AdministrativeRequest => ({
  verb: verb(path),
  name,
  body: Buffer.from(JSON.stringify(body)),
  credentials: [],
  proofs: [],
  url: '',
})
const ask = (path: string, body: object, name = ''): Asked => verb(path).ask(request(path, body, name), {} as never)
const elevate = (body: object): string | undefined => ask('/v1/elevation', body).fault?.code

test('an elevation says why where its role demands it, and glass is never broken without a word', () => {
  expect(elevate({ role: 'admin', reason: 'the till is on fire' })).toBeUndefined()
  for (const reason of [undefined, '', '  ', 7]) {
    expect(elevate({ role: 'admin', reason })).toBe('elevation.reason_required')
    expect(elevate({ role: 'admin', reason, breakGlass: true })).toBe('elevation.reason_required')
  }
  expect(elevate({ role: 'auditor' })).toBeUndefined()
})

test('a role that is not elevated just in time is none here, and where no glass is, none is broken', () => {
  expect(elevate({ role: 'customer', reason: 'x' })).toBe('elevation.unknown')
  expect(elevate({ role: 'nobody', reason: 'x' })).toBe('elevation.unknown')
  expect(elevate({ reason: 'x' })).toBe('request.json')
  expect(elevate({ role: 'auditor', reason: 'x', breakGlass: true })).toBe('elevation.no_break_glass')
})

test('to break glass is another act than to ask', () => {
  expect(ask('/v1/elevation', { role: 'admin', reason: 'x', breakGlass: true })).toMatchObject({
    action: 'sallyport:BreakGlass',
    resource: 'arn:sallyport:admin:shop::elevation/break-glass/admin',
  })
  expect(ask('/v1/elevation', { role: 'admin', reason: 'x', breakGlass: 'yes' })).toMatchObject({
    action: 'sallyport:RequestElevation',
    resource: 'arn:sallyport:admin:shop::elevation/request/admin',
  })
})

test('what is done to a request is decided with every account of the person who made it', () => {
  for (const act of ['approve', 'deny', 'revoke']) {
    expect(ask(`/v1/elevation/:id/${act}`, {}, 'e1').context).toEqual({
      [contextKeys.requester]: ['ada', 'ada-elsewhere'],
      [contextKeys.target]: 'elevation/e1',
    })
    expect(ask(`/v1/elevation/:id/${act}`, {}, 'e2').fault?.code).toBe('elevation.unknown')
  }
})

test('a reason is kept to five hundred characters', async () => {
  const path = '/v1/elevation/:id/deny'
  await verb(path).carryOut(request(path, { reason: 'x'.repeat(600) }, 'e1'), {} as never, {} as never)
  expect(done).toEqual(['x'.repeat(500)])
})
