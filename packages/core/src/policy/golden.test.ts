import { readFileSync } from 'node:fs'

import type { AccessRequest, Context } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { type AppPolicies, compilePolicies, decide, decideNaively, nearestMiss, type Statement } from './index.ts'
import { request } from './testing/policies.ts'

interface GoldenCase {
  readonly name: string
  readonly trap: string
  readonly subject: string
  readonly action: string
  readonly resource: string
  readonly resourceAccount?: string
  readonly context: Context
  readonly version?: '2008-10-17'
  readonly guardrails?: readonly Statement[]
  readonly identity?: readonly Statement[]
  /** The statements of the policy attached to the resource. */
  readonly attached?: readonly Statement[]
  readonly expect: {
    readonly effect: 'allow' | 'deny'
    readonly explicit?: boolean
    readonly layer: string
    readonly rule?: string
    readonly failedElement?: string
    readonly key?: string
  }
}

// The file is ours, and the test fails where it is not as declared.
const cases = JSON.parse(readFileSync(new URL('golden/traps.json', import.meta.url), 'utf8')) as readonly GoldenCase[]

function policiesOf(golden: GoldenCase): AppPolicies {
  const document = (Statement: readonly Statement[] | undefined, name: string) =>
    Statement === undefined ? [] : [{ name, document: { Version: golden.version ?? '2012-10-17', Statement } as const }]
  const [attached] = document(golden.attached, 'attached')
  return {
    guardrails: document(golden.guardrails, 'guardrails'),
    identity: new Map([[golden.subject, document(golden.identity, 'identity')]]),
    resource: new Map(attached === undefined ? [] : [[golden.resource, attached]]),
  }
}

describe('the traps of IAM, each by name', () => {
  test('there are cases, and no two of one name', () => {
    expect(cases.length).toBeGreaterThan(90)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  test.for(cases)('$trap $name', (golden) => {
    const policies = policiesOf(golden)
    const asked: AccessRequest = request(golden)
    const decision = decide(compilePolicies(policies), [asked])
    const { effect, explicit, layer, rule, failedElement, key } = golden.expect

    expect(decision.effect).toBe(effect)
    expect(decision.reasons[0]?.layer).toBe(layer)
    if (rule !== undefined) expect(decision.reasons[0]?.rule).toBe(rule)
    if (decision.effect === 'deny') expect(decision.explicit).toBe(explicit)
    const miss = nearestMiss(compilePolicies(policies), asked)
    expect(effect === 'allow' ? miss : undefined).toBeUndefined()
    if (failedElement !== undefined) expect(miss?.failedElement).toBe(failedElement)
    if (key !== undefined) expect(miss?.key).toBe(key)

    const naive = decideNaively(policies, [asked])
    expect(naive.effect).toBe(effect)
    expect(naive.reasons[0]?.layer).toBe(layer)
  })
})
