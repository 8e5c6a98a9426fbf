import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { anonymous, type DecisionRecord, sealGrant, sealReceipt } from '@sallyport/core/access'
import { decisionRecord } from '@sallyport/core/enforcement'
import { decide } from '@sallyport/core/policy'
import { explain } from '@sallyport/manifest'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { destinationOf } from './calls.ts'
import { createLimiter, type Gateway, ingressGate, startGateway } from './gateway/index.ts'
import { type GuestsInForce, guestsInForce } from './guests-in-force.ts'
import { loadManifestOf } from './app/index.ts'
import { type Ending } from './operation/index.ts'

// What `up` puts together, without boxes: a manifest with a Cedar policy, its guest in a process of its own, the
// policies that were compiled for it, and the door that asks both.
const files = {
  'sallyport.yaml': `
app: shop
guardrails: [policies/quiet.cedar]
zones: { public: { from: [internet] } }
functions:
  front:
    zone: public
    code: front.mjs
    routes:
      GET /open: { who: [anyone] }
      GET /loud: { who: [anyone] }
`,
  'front.mjs': 'export const handler = () => "hello"',
  'policies/quiet.cedar': `
    permit (principal, action, resource);
    @reason("it is quiet here")
    forbid (principal, action, resource)
    when { resource.arn like "*/loud" };
  `,
}
const folder = mkdtempSync(join(tmpdir(), 'sallyport-guests-'))
const started: Ending[] = []
const records: DecisionRecord[] = []
let gateway: Gateway
let guests: GuestsInForce
let calls = 0

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const { app, compiled, guests: opened } = await loadManifestOf(folder, {}, () => undefined)
  guests = guestsInForce(opened, started)
  const gate = ingressGate({
    app: app.name,
    askGuests: (asked) => guests.ask(asked),
    identify: async () => anonymous,
    deviceOf: (subject) => subject,
    standingOf: () => ({}),
    elevatedRoles: () => [],
    countryOf: () => undefined,
    decide: (asked) => explain(decide(compiled.authority, asked), compiled, app),
    record: async (decision) => {
      const circumstances = { at: 0, durability: 'written', manifest: app.digest, isolation: 'none' } as const
      records.push(decisionRecord(decision, { door: 'ingress', ...circumstances }))
      return sealReceipt({ decision: decision.id, leafIndex: 0n, durability: 'written' })
    },
    admit: (decision, receipt) => sealGrant({ decision, receipt, expiresAt: Infinity, epochs: new Map() }),
    isCurrent: () => true,
    whenEnded: () => () => undefined,
    dpopNonce: () => '',
    settle: () => undefined,
    invoke: async () => {
      calls += 1
      return { kind: 'response', body: Buffer.from('{"statusCode":200,"body":"hello"}') }
    },
    bodyCheck: () => undefined,
    timeoutMs: () => 60_000,
    limiter: createLimiter(() => 0),
    newId: () => `${records.length}`,
    nowMs: () => 0,
  })
  gateway = await startGateway({
    port: 0,
    gate,
    route: (method, path) => destinationOf(app, method, path),
    mayKnock: () => true,
    onFailure: (cause) => {
      throw cause
    },
    nowMs: () => 0,
  })
}, 60_000)

afterAll(async () => {
  await gateway.close()
  for (const end of started) await end()
  rmSync(folder, { recursive: true })
})

test('what the guest permits passes, and the record holds its verdict', { timeout: 60_000 }, async () => {
  const response = await fetch(`${gateway.url}/open`)
  expect([response.status, await response.text(), calls]).toEqual([200, 'hello', 1])
  expect(records.at(-1)).toMatchObject({ effect: 'allow', context: { 'sallyport:Guest/quiet': 'allow' } })
})

test('what the guest forbids reaches no function, and says which guest it was', { timeout: 60_000 }, async () => {
  const response = await fetch(`${gateway.url}/loud`)
  expect([response.status, calls]).toEqual([403, 1])
  expect(records.at(-1)).toMatchObject({
    effect: 'deny',
    layer: 'guardrail',
    context: { 'sallyport:Guest/quiet': 'deny' },
    reasons: [{ code: 'guest.denied' }],
  })
})

test('a guest that has ended permits nothing', { timeout: 60_000 }, async () => {
  for (const end of started.splice(0)) await end()
  expect((await fetch(`${gateway.url}/open`)).status).toBe(403)
  expect(calls).toBe(1)
  expect(records.at(-1)?.context).not.toHaveProperty('sallyport:Guest/quiet')
})
