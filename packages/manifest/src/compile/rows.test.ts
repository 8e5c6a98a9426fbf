import { contextKeys, type AccessRequest, type Context } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { hypothetical } from '../ask/describe-ask.ts'
import { functionAsker } from '../ask/describe-subject.ts'
import { askTable } from '../ask/facts.ts'
import { mustLoad } from '../testing/example.ts'

const { app, compiled } = mustLoad()

function allowed(request: AccessRequest): boolean {
  return decide(compiled.authority, [request]).effect === 'allow'
}

function tableRequest(
  functionName: string,
  verb: 'get' | 'put' | 'update',
  context: Context,
  without: readonly string[] = [],
): AccessRequest {
  const one = app.functions.find(({ name }) => name === functionName)
  const table = app.tables[0]
  if (one === undefined || table === undefined) throw new Error('the example has changed')
  const request = hypothetical(functionAsker(one), askTable(table, verb))
  const kept = Object.entries({ ...request.context, ...context }).filter(([key]) => !without.includes(key))
  return { ...request, context: Object.fromEntries(kept) }
}

describe('own rows', () => {
  const mine = { 'dynamodb:LeadingKeys': ['alice'], [contextKeys.transactionUser]: 'alice' }

  it('are open to the user served, and nobody else', () => {
    expect(allowed(tableRequest('orders', 'get', mine))).toBe(true)
    expect(allowed(tableRequest('orders', 'get', { ...mine, [contextKeys.transactionUser]: 'bob' }))).toBe(false)
    expect(allowed(tableRequest('orders', 'get', { ...mine, 'dynamodb:LeadingKeys': ['alice', 'bob'] }))).toBe(false)
  })

  it("are nobody's where the key or the user is absent, empty or a pattern", () => {
    for (const verb of ['get', 'put'] as const) {
      expect(allowed(tableRequest('orders', verb, mine))).toBe(true)
      expect(allowed(tableRequest('orders', verb, mine, ['dynamodb:LeadingKeys']))).toBe(false)
      expect(allowed(tableRequest('orders', verb, mine, [contextKeys.transactionUser]))).toBe(false)
      expect(allowed(tableRequest('orders', verb, mine, ['dynamodb:LeadingKeys', contextKeys.transactionUser]))).toBe(
        false,
      )
      expect(allowed(tableRequest('orders', verb, { ...mine, 'dynamodb:LeadingKeys': [] }))).toBe(false)
      expect(allowed(tableRequest('orders', verb, { ...mine, [contextKeys.transactionUser]: '*' }))).toBe(false)
      expect(
        allowed(
          tableRequest('orders', verb, { 'dynamodb:LeadingKeys': ['*'], [contextKeys.transactionUser]: 'alice' }),
        ),
      ).toBe(false)
    }
  })

  it('never open to any mixture of facts without both, for every function and verb', () => {
    const name = fc.constantFrom('alice', 'bob', '', '*', '${sallyport:TransactionUser}')
    fc.assert(
      fc.property(
        fc.option(fc.array(name, { maxLength: 3 }), { nil: undefined }),
        fc.option(name, { nil: undefined }),
        fc.constantFrom('get', 'put', 'update'),
        fc.constantFrom('orders', 'payments'),
        (keys, user, verb, functionName) => {
          const context = {
            ...(keys === undefined ? {} : { 'dynamodb:LeadingKeys': keys }),
            ...(user === undefined ? {} : { [contextKeys.transactionUser]: user }),
          }
          const without = [
            ...(keys === undefined ? ['dynamodb:LeadingKeys'] : []),
            ...(user === undefined ? [contextKeys.transactionUser] : []),
          ]
          const verdict = allowed(tableRequest(functionName, verb, context, without))
          if (verdict) expect(keys !== undefined && keys.length > 0 && keys.every((key) => key === user)).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('are open to an excepted role only when it counts: mfa, and elevation where the role asks for it', () => {
    const other = (roles: readonly string[], mfa: boolean, elevated: readonly string[]): Context => ({
      'dynamodb:LeadingKeys': ['bob'],
      [contextKeys.transactionUser]: 'sam',
      [contextKeys.transactionRoles]: roles,
      [contextKeys.transactionMfa]: mfa,
      [contextKeys.transactionElevatedRoles]: elevated,
    })
    expect(allowed(tableRequest('orders', 'get', other(['support'], true, [])))).toBe(true)
    expect(allowed(tableRequest('orders', 'get', other(['support'], false, [])))).toBe(false)
    expect(allowed(tableRequest('orders', 'get', other(['admin'], true, [])))).toBe(false)
    expect(allowed(tableRequest('orders', 'get', other(['admin'], true, ['admin'])))).toBe(true)
    expect(allowed(tableRequest('orders', 'put', other(['support'], true, [])))).toBe(false)
    expect(allowed(tableRequest('orders', 'get', other(['customer'], true, ['support'])))).toBe(false)
  })
})

describe('columns', () => {
  const mine = { 'dynamodb:LeadingKeys': ['alice'], [contextKeys.transactionUser]: 'alice' }

  it('bound what is written and what comes back, and their absence is no pass', () => {
    const keys = ['customer', 'id']
    expect(allowed(tableRequest('payments', 'update', { ...mine, 'dynamodb:Attributes': [...keys, 'status'] }))).toBe(
      true,
    )
    expect(allowed(tableRequest('payments', 'update', { ...mine, 'dynamodb:Attributes': [...keys, 'total'] }))).toBe(
      false,
    )
    expect(allowed(tableRequest('payments', 'update', mine, ['dynamodb:Attributes']))).toBe(false)
    expect(allowed(tableRequest('payments', 'update', mine, ['dynamodb:ReturnValues']))).toBe(true)
    expect(allowed(tableRequest('payments', 'update', { ...mine, 'dynamodb:ReturnValues': 'UPDATED_NEW' }))).toBe(true)
    expect(allowed(tableRequest('payments', 'update', { ...mine, 'dynamodb:ReturnValues': 'ALL_NEW' }))).toBe(false)
  })
})
