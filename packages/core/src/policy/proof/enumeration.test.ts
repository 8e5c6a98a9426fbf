import fc from 'fast-check'
import { expect, inject, test } from 'vitest'

import { everyRequest, smallLayers } from '../testing/small-universe.ts'
import { allows, within } from './prove.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Given by `npm run fuzz`. */
    fuzz?: { readonly seed: number; readonly times: number }
  }
}

const { seed, times } = inject('fuzz') ?? { seed: 20260101, times: 1 }

test(
  'in a small universe, what is proved is so of every request, and what is not so is refuted',
  { timeout: 120_000 * times },
  () => {
    const seen = new Map<string, number>()
    const count = (said: string): void => void seen.set(said, (seen.get(said) ?? 0) + 1)
    fc.assert(
      fc.property(smallLayers, smallLayers, fc.boolean(), (a, b, same) => {
        const other = same ? a : b
        const proof = within(a, other)
        const allowed = everyRequest.filter((request) => allows(a, request))
        const counterexample = allowed.find((request) => !allows(other, request))
        if (proof.holds === true) expect(counterexample).toBeUndefined()
        if (proof.holds === false)
          expect([allows(a, proof.witness), allows(other, proof.witness)]).toEqual([true, false])
        if (counterexample !== undefined) count(proof.holds === false ? 'refuted' : 'not refuted')
        else count(proof.holds === true ? 'proved' : proof.holds === false ? 'refuted by another' : 'not proved')
      }),
      { numRuns: 100 * times, seed },
    )
    const of = (said: string): number => seen.get(said) ?? 0
    expect(Math.min(of('refuted'), of('proved'))).toBeGreaterThan(15 * times)
    // Of what is so in every request, and of what is not, hardly anything stays unknown.
    expect(of('not refuted') + of('not proved')).toBeLessThan(0.05 * 100 * times + 1)
    if (times > 1) process.stdout.write(`${JSON.stringify(Object.fromEntries(seen))}\n`)
  },
)
