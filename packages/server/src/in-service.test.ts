import type { Subject } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'
import { beforeEach, expect, test } from 'vitest'

import { type AdministrativeActs, administrativeVerbs } from './api/index.ts'
import type { Deployed } from './host/index.ts'
import { type InService, openInService } from './in-service.ts'

const ada: Subject = { kind: 'user', id: 'arn:sallyport:identity:shop::user/ada', name: 'ada', roles: [] }
const functions = ['front', 'back'].map((name) => ({ name }) as Deployed) // nothing else of one is looked at

let seen: string[]
let held: Set<string>
let service: InService

beforeEach(() => {
  seen = []
  held = new Set()
  service = openInService({
    engines: {
      deploy: async (deployed) => void seen.push(`deploys ${deployed.map(({ name }) => name).join(' ')}`),
      withdraw: async (name) => void seen.push(`withdraws ${name}`),
    },
    administration: {
      quarantine: async (target) => void held.add(target),
      release: async (target) => void held.delete(target),
      isQuarantined: (target) => held.has(target),
      quarantined: () => [],
    },
    build: async () => functions,
    equip: (one) => one,
  })
})

test('a function in quarantine loses its boxes, and no reload gives it any before its release', async () => {
  await service.deploy(functions)
  await service.quarantine('function/front', ada, 'looks odd')
  await service.deploy(functions)
  await service.release('function/front', ada, 'was nothing')
  expect(seen).toEqual(['deploys front back', 'withdraws front', 'deploys back', 'deploys front'])
})

test('a person in quarantine takes no function with them', async () => {
  await service.quarantine('user/front', ada, 'looks odd')
  expect([seen, [...held]]).toEqual([[], ['user/front']])
})

const app = { name: 'shop', functions: [{ name: 'front' }] } as unknown as App // what the verbs look at

/** What the verb makes of a target: the fault, or what it shut off. */
async function shutOff(target: unknown, reason = 'looks odd'): Promise<unknown> {
  const acts = { app: () => app, ...service } as unknown as AdministrativeActs
  const verb = administrativeVerbs(acts).find(({ path }) => path === '/v1/quarantine')
  if (verb === undefined) throw new Error('no verb')
  const body = new TextEncoder().encode(JSON.stringify({ target, reason }))
  const asked = { verb, name: '', body, credentials: [], proofs: [], url: '' }
  const { fault } = verb.ask(asked, ada)
  if (fault !== undefined) return fault.code
  await verb.carryOut(asked, ada, undefined as never)
  return [...held].join(' ')
}

const cases: readonly [unknown, string][] = [
  ['front', 'function/front'],
  ['function/front', 'function/front'],
  ['alice', 'user/alice'],
  ['user/pool:alice', 'user/pool:alice'],
  ['function/other', 'quarantine.target'],
  ['session/s1', 'quarantine.target'],
  ['user/*', 'quarantine.target'],
  [7, 'quarantine.target'],
  ['ada', 'quarantine.oneself'],
  ['user/ada', 'quarantine.oneself'],
]
for (const [target, outcome] of cases) {
  test(`${JSON.stringify(target)} is ${outcome}`, async () => {
    expect(await shutOff(target)).toBe(outcome)
  })
}

test('nobody is shut off without a reason', async () => {
  expect(await shutOff('alice', ' ')).toBe('revocation.reason_required')
})
