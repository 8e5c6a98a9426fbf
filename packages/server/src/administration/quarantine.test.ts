import { type AccessRequest, type Allow, type LedgerRecord, sealReceipt, type Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import { type Administration, openAdministration } from './administration.ts'

let ledger: LedgerRecord[]
let isFull: boolean

beforeEach(() => {
  ledger = []
  isFull = false
})

const by: Subject = { kind: 'user', id: 'arn:sallyport:identity:test::user/ada', name: 'ada', roles: ['admin'] }
const alice: Subject = { kind: 'user', id: 'arn:sallyport:identity:test::user/alice', name: 'alice', roles: [] }
const onDevice: Subject = { ...alice, name: 'kim', device: { id: 'd1', managed: true, type: 'laptop' } }
const front: Subject = { kind: 'function', id: 'arn:sallyport:function:test:public:front', name: 'front', roles: [] }

function open(): Administration {
  return openAdministration({
    append: async (record) => {
      if (isFull) throw new Error('the disk is full')
      return ledger.push(record)
    },
    ruleOf: () => undefined,
    powersOf: () => '',
    samePerson: () => false,
    mayHold: () => true,
    clock: { nowMs: () => 1_000, monotonicMs: () => 1_000, bootId: 'boot' },
    newId: () => 'id',
    past: [...ledger],
    grantLifetimeMs: 60_000,
  })
}

function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  const resource = 'arn:sallyport:route:test:public:front/GET /'
  const what = { id: 'd1', transaction: 't1', action: 'sallyport:CallRoute', resource, context: {}, actors: [] }
  return { ...what, subject: alice, user: alice, ...changes }
}

const codeOf = (administration: Administration, asked: AccessRequest): string | undefined =>
  administration.heldBack([asked])[0].refusal?.code

function admit(administration: Administration, asked: AccessRequest): ReturnType<Administration['admit']> {
  const decision: Allow = { effect: 'allow', id: 'd1', asked: [asked], reasons: [] }
  return administration.admit(decision, sealReceipt({ decision: 'd1', leafIndex: 0n, durability: 'written' }))
}

describe('what is in quarantine', () => {
  const operation = 'arn:sallyport:function:test:inner:back/read'
  const onTheWay: readonly [string, string, Partial<AccessRequest>, string][] = [
    ['a person', 'user/alice', {}, 'quarantine.user'],
    ['the person behind a function', 'user/alice', { subject: front, resource: operation }, 'quarantine.user'],
    ['the device of the person', 'device/d1', { user: onDevice, subject: onDevice }, 'quarantine.device'],
    ['a route’s function', 'function/front', {}, 'quarantine.function'],
    ['a function that calls', 'function/front', { subject: front, resource: operation }, 'quarantine.function'],
    ['a function that is called', 'function/back', { subject: front, resource: operation }, 'quarantine.function'],
    ['a function before', 'function/front', { actors: [front.id], resource: operation }, 'quarantine.function'],
    [
      'a function that an administrator invokes',
      'function/back',
      { subject: by, user: by, resource: 'arn:sallyport:admin:test::function/back/invoke' },
      'quarantine.function',
    ],
  ]
  for (const [what, target, changes, code] of onTheWay) {
    test(`stands in the way as ${what}, until it is released`, async () => {
      const administration = open()
      expect(codeOf(administration, request(changes))).toBeUndefined()
      await administration.quarantine(target, by, 'looks odd')
      expect(codeOf(administration, request(changes))).toBe(code)
      await administration.release(target, by, 'was nothing')
      expect(codeOf(administration, request(changes))).toBeUndefined()
    })
  }

  test('is nobody else', async () => {
    const administration = open()
    await administration.quarantine('user/alic', by, 'another one')
    await administration.quarantine('function/fron', by, 'another one')
    await administration.quarantine('user/front', by, 'a person of a function’s name')
    expect(codeOf(administration, request({ subject: front }))).toBeUndefined()
  })

  test('ends what was granted before, and grants nothing that was decided before', async () => {
    const administration = open()
    const grant = admit(administration, request())
    const told: string[] = []
    administration.whenEnded(grant, () => told.push('ended'))
    const done = administration.quarantine('function/front', by, 'looks odd')
    expect([told, administration.isCurrent(grant)]).toEqual([['ended'], false])
    await done
    expect(administration.isCurrent(admit(administration, request()))).toBe(false)
    await administration.release('function/front', by, 'was nothing')
    expect(administration.isCurrent(admit(administration, request()))).toBe(true)
  })

  test('is told by the ledger alone: it stays over a restart, and so does its end', async () => {
    await open().quarantine('user/alice', by, 'looks odd')
    const second = open()
    expect(second.quarantined()).toEqual([{ target: 'user/alice', reason: 'looks odd', by: by.id, at: 1_000 }])
    expect(codeOf(second, request())).toBe('quarantine.user')
    await second.release('user/alice', by, 'was nothing')
    expect(open().quarantined()).toEqual([])
  })

  test('is shut off also when that cannot be recorded, and released only when it can', async () => {
    const administration = open()
    isFull = true
    await expect(administration.quarantine('user/alice', by, 'looks odd')).rejects.toThrow()
    expect(codeOf(administration, request())).toBe('quarantine.user')
    await expect(administration.release('user/alice', by, 'was nothing')).rejects.toThrow()
    expect(codeOf(administration, request())).toBe('quarantine.user')
  })

  test('is put there once, and released once', async () => {
    const administration = open()
    await administration.quarantine('user/alice', by, 'looks odd')
    await expect(administration.quarantine('user/alice', by, 'again')).rejects.toMatchObject({
      code: 'quarantine.already',
    })
    await administration.release('user/alice', by, 'was nothing')
    await expect(administration.release('user/alice', by, 'again')).rejects.toMatchObject({
      code: 'quarantine.unknown',
    })
  })
})
