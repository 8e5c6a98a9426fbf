import { type Allow, type LedgerRecord, sealReceipt, type Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import { type Administration, openAdministration } from './administration.ts'

let wallMs: number
let ledger: LedgerRecord[]

beforeEach(() => {
  wallMs = 1_000_000_000_000
  ledger = []
})

function open(grantLifetimeMs = 60_000): Administration {
  return openAdministration({
    append: async (record) => ledger.push(record),
    ruleOf: () => undefined,
    powersOf: () => '',
    samePerson: () => false,
    mayHold: () => true,
    clock: { nowMs: () => wallMs, monotonicMs: () => wallMs, bootId: 'boot' },
    newId: () => 'id',
    past: [...ledger],
    grantLifetimeMs,
  })
}

function signedIn(): Subject {
  const nowSeconds = wallMs / 1000
  const how = { issuerName: 'embedded', keyId: 'k', scopes: [], tags: {}, boundTo: [], binding: 'none' } as const
  return {
    kind: 'user',
    id: 'arn:sallyport:identity:test::user/alice',
    name: 'alice',
    roles: [],
    sessionId: `session-of-alice`,
    authentication: { methods: [], mfa: false, authenticatedAtSeconds: 0, expiresAtSeconds: nowSeconds + 3600 },
    credential: { ...how, issuedAtSeconds: nowSeconds },
  }
}

function grantOf(administration: Administration, subject: Subject): ReturnType<Administration['admit']> {
  const resource = 'arn:sallyport:route:test:public:f/GET /'
  const what = { id: 'd1', transaction: 't1', action: 'sallyport:CallRoute', resource, context: {}, actors: [] }
  const decision: Allow = { effect: 'allow', id: 'd1', asked: [{ ...what, subject, user: subject }], reasons: [] }
  return administration.admit(decision, sealReceipt({ decision: 'd1', leafIndex: 0n, durability: 'written' }))
}

describe('whoever holds something open under a grant', () => {
  const open1 = (): { administration: Administration; told: string[]; release: () => void } => {
    const administration = open()
    const told: string[] = []
    const grant = grantOf(administration, signedIn())
    return { administration, told, release: administration.whenEnded(grant, () => told.push('ended')) }
  }

  test('is told at once when it is revoked, before the ledger has answered', () => {
    const { administration, told } = open1()
    void administration.revoke('session/session-of-alice', 'logout')
    expect(told).toEqual(['ended'])
  })

  test('is told when its function is put into quarantine', async () => {
    const { administration, told } = open1()
    await administration.revoke('function/g', 'quarantine')
    expect(told).toEqual([])
    await administration.revoke('function/f', 'quarantine')
    expect(told).toEqual(['ended'])
  })

  test('is told no more once it has let go', async () => {
    const { administration, told, release } = open1()
    release()
    await administration.revoke('user/alice', 'left')
    expect(told).toEqual([])
  })

  test('is told when its time is over', async () => {
    const administration = open(20)
    const grant = grantOf(administration, signedIn())
    const over = new Promise<void>((resolve) => void administration.whenEnded(grant, resolve))
    wallMs += 20
    await over
  })
})

test('a sign-in from before a revocation gets no grant afterwards, and one from after it does', async () => {
  const administration = open()
  const old = signedIn()
  await administration.revoke('user/alice', 'password changed')
  expect(administration.isCurrent(grantOf(administration, old))).toBe(false)
  wallMs += 2_000
  expect(administration.isCurrent(grantOf(administration, signedIn()))).toBe(true)
  const restarted = open()
  expect(restarted.isCurrent(grantOf(restarted, old))).toBe(false)
})
