import {
  type AccessRequest,
  anonymous,
  type Decision,
  type Reason,
  type Receipt,
  sealGrant,
  sealReceipt,
} from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { enforce } from './enforce.ts'
import type { Gate } from './gate.ts'

const asked: AccessRequest = {
  id: 'd1',
  transaction: 't1',
  subject: anonymous,
  action: 'a:B',
  resource: 'r',
  context: {},
  actors: [],
}
const reason: Reason = { code: 'policy.implicit_deny', layer: 'identity', message: 'no' }

/** A gate that writes down its steps, and answers each as told. */
function gateThat(
  effect: Decision['effect'],
  record: () => Promise<Receipt>,
): {
  readonly steps: string[]
  readonly gate: Gate<string, string>
} {
  const steps: string[] = []
  const step = <T>(name: string, answer: T): T => {
    steps.push(name)
    return answer
  }
  const decision: Decision =
    effect === 'allow'
      ? { effect, id: 'd1', asked: [asked], reasons: [reason] }
      : { effect, id: 'd1', asked: [asked], explicit: false, layer: 'identity', reasons: [reason] }
  const gate: Gate<string, string> = {
    authenticate: () => step('authenticate', anonymous),
    describe: () => step('describe', [asked]),
    gather: (each) => step('gather', each),
    decide: () => step('decide', decision),
    record: async () => {
      const receipt = await record()
      return step('record', receipt)
    },
    refuse: () => step('refuse', 'refused'),
    admit: (allowed, receipt) =>
      step('admit', sealGrant({ decision: allowed, receipt, expiresAt: 1, epochs: new Map() })),
    pass: async () => step('pass', { response: 'passed', outcome: Promise.resolve({ outcome: 'done' as const }) }),
    settle: () => step('settle', undefined),
  }
  return { steps, gate }
}

const recorded = async (): Promise<Receipt> => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  return sealReceipt({ decision: 'd1', leafIndex: 0n, durability: 'written' })
}

test('what is allowed passes once it is on record, and not before', async () => {
  const { steps, gate } = gateThat('allow', recorded)
  expect(await enforce('request', gate)).toBe('passed')
  expect(steps).toEqual(['authenticate', 'describe', 'gather', 'decide', 'record', 'admit', 'pass', 'settle'])
})

test('what is denied is recorded and refused, and neither admitted nor passed', async () => {
  const { steps, gate } = gateThat('deny', recorded)
  expect(await enforce('request', gate)).toBe('refused')
  expect(steps).toEqual(['authenticate', 'describe', 'gather', 'decide', 'record', 'refuse'])
})

test('what cannot be recorded has no effect, whatever was decided', async () => {
  for (const effect of ['allow', 'deny'] as const) {
    const { steps, gate } = gateThat(effect, () => Promise.reject(new Error('the disk is full')))
    await expect(enforce('request', gate)).rejects.toThrow('the disk is full')
    expect(steps.at(-1)).toBe('decide')
  }
})
