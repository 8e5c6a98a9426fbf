import type { AccessRequest, Decision } from '@sallyport/core/access'
import { afterEach, expect, test } from 'vitest'

import { ask, codeOf, type Harness, openHarness } from './testing/harness.ts'

let harness: Harness
afterEach(() => harness.close())

/** A policy that is broken: it lets everything through, also what is refused before any policy. */
const careless = ([first, ...rest]: readonly [AccessRequest, ...AccessRequest[]]): Decision => ({
  effect: 'allow',
  id: first.id,
  asked: [first, ...rest],
  reasons: [{ code: 'policy.allow', layer: 'identity', message: 'everything' }],
})

for (const [what, url, headers] of [
  ['no door leads to', 'http://evil.example/', {}],
  ['no function is there for', 'http://nobody.fn.internal/charge', {}],
  ['nobody signed', 'http://any.aws.internal/', { 'x-amz-target': 'DynamoDB_20120810.GetItem' }],
] as const) {
  test(`what ${what} goes nowhere, even where the policy lets it through`, async () => {
    harness = await openHarness()
    await ask(harness, url, { headers })
    expect(harness.decisions, 'control').toMatchObject([{ effect: 'deny' }])
    await harness.close()
    harness = await openHarness({ rooms: { decide: careless } })
    expect(codeOf(await ask(harness, url, { headers }))).toBe('exit.error')
    expect(harness.decisions).toMatchObject([{ effect: 'allow' }])
    expect(harness.lines.join()).toContain('egress.refusal_ignored')
  })
}
