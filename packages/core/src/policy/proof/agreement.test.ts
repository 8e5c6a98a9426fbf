import type { AccessRequest } from '@sallyport/core/access'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'

import { compileLayer, type LayerSet, type PolicySet } from '../decide/policy-set.ts'
import { statementsOf } from './model.ts'
import {
  checkWithin,
  layerSets,
  overlappingPairs,
  overlappingRequests,
  policySets,
  requests,
} from '../testing/check-proof.ts'
import { within } from './prove.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Given by `npm run fuzz`. */
    fuzz?: { readonly seed: number; readonly times: number }
  }
}

const { seed, times } = inject('fuzz') ?? { seed: 20260101, times: 1 }

test.each([
  { of: 'documents', made: fc.tuple(layerSets, layerSets), asked: requests, numRuns: 120 },
  { of: 'all layers', made: fc.tuple(policySets, policySets), asked: requests, numRuns: 40 },
  { of: 'patterns that overlap', made: overlappingPairs, asked: overlappingRequests, numRuns: 60 },
])(
  'what is proved of $of has no counterexample, and every refutation is one',
  { timeout: 120_000 * times },
  ({ made, asked, numRuns }) => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property<[readonly [PolicySet | LayerSet, PolicySet | LayerSet], readonly AccessRequest[]]>(
        made,
        asked,
        ([a, b], tried) => {
          const said = checkWithin(a, b, tried)
          seen.set(said, (seen.get(said) ?? 0) + 1)
        },
      ),
      { numRuns: numRuns * times, seed },
    )
    // A generator that only ever makes one answer would prove nothing, and an engine that mostly gives up neither.
    expect(Math.min(seen.get('holds') ?? 0, seen.get('refuted') ?? 0)).toBeGreaterThan((numRuns * times) / 20)
    expect((seen.get('holds') ?? 0) + (seen.get('refuted') ?? 0)).toBeGreaterThan(numRuns * times * 0.9)
  },
)

test(
  'everything lies within itself, and within what has a Deny less or an Allow more',
  { timeout: 60_000 * times },
  () => {
    let proved = 0
    fc.assert(
      fc.property(layerSets, layerSets, (a, more) => {
        const [own, others] = [statementsOf(a), statementsOf(more)]
        const layerOf = (statements: typeof own) =>
          compileLayer(
            'identity',
            statements.map(({ source, takesVariables }) => ({
              name: 'p',
              document: { Version: takesVariables ? '2012-10-17' : '2008-10-17', Statement: [source] },
            })),
          )
        const without = layerOf(own.filter(({ source }) => source.Effect === 'Allow'))
        const wider = layerOf([...own, ...others.filter(({ source }) => source.Effect === 'Allow')])
        for (const other of [a, without, wider]) {
          const proof = within(a, other)
          expect(proof.holds).not.toBe(false)
          if (proof.holds === true) proved += 1
        }
      }),
      { numRuns: 40 * times, seed },
    )
    expect(proved).toBeGreaterThan(100)
  },
)

test('what lies within a second lies within a third that holds the second', { timeout: 60_000 * times }, () => {
  fc.assert(
    fc.property(layerSets, layerSets, layerSets, (a, b, c) => {
      if (within(a, b).holds === true && within(b, c).holds === true) expect(within(a, c).holds).not.toBe(false)
    }),
    { numRuns: 30 * times, seed },
  )
})
