import fc from 'fast-check'
import { expect, inject, test } from 'vitest'

import type { AccessRequest } from '@sallyport/core/access'

import { callerSets, everyCaller } from '../testing/caller-universe.ts'
import { readVariableUniverses } from '../testing/read-variable-universe.ts'
import { everyRequest, everyTypedRequest, smallLayers, typedLayers } from '../testing/small-universe.ts'
import { variableUniverses } from '../testing/variable-universe.ts'
import type { Provable } from './model.ts'
import { allows, within } from './prove.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Given by `npm run fuzz`. */
    fuzz?: { readonly seed: number; readonly times: number }
  }
}

const { seed, times } = inject('fuzz') ?? { seed: 20260101, times: 1 }

interface SmallUniverse {
  readonly of: string
  readonly layers: fc.Arbitrary<Provable>
  readonly every: readonly AccessRequest[]
  /** How many pairs are tried, but for `npm run fuzz`. */
  readonly pairs: number
  /** Which part may stay unknown: more where keys are read in several ways, of which not every class shows a value. */
  readonly unknown?: number
}

const universes: readonly SmallUniverse[] = [
  { of: 'texts and variables', layers: smallLayers, every: everyRequest, pairs: 100 },
  { of: 'values that are read in many ways', layers: typedLayers, every: everyTypedRequest, pairs: 100 },
  ...variableUniverses.map((universe) => ({ ...universe, pairs: 20 })),
  ...readVariableUniverses.map((universe) => ({ ...universe, pairs: 15, unknown: 0.1 })),
  { of: 'callers, owners and layers', layers: callerSets, every: everyCaller, pairs: 8 },
]

for (const { of, layers, every, pairs, unknown = 0.06 } of universes) {
  test(
    `in a small universe of ${of}, what is proved is so of every request, and what is not so is refuted`,
    { timeout: 120_000 * times },
    () => {
      const seen = new Map<string, number>()
      const count = (said: string): void => void seen.set(said, (seen.get(said) ?? 0) + 1)
      fc.assert(
        fc.property(layers, layers, fc.boolean(), (a, b, same) => {
          const other = same ? a : b
          const proof = within(a, other)
          const refutes = (request: AccessRequest): boolean => allows(a, request) && !allows(other, request)
          // Nothing is allowed by a document and not by the same.
          const counterexample = same ? undefined : every.find(refutes)
          if (proof.holds === true) expect(counterexample).toBeUndefined()
          if (proof.holds === false)
            expect([allows(a, proof.witness), allows(other, proof.witness)]).toEqual([true, false])
          if (counterexample !== undefined) count(proof.holds === false ? 'refuted' : 'not refuted')
          else count(proof.holds === true ? 'proved' : proof.holds === false ? 'refuted by another' : 'not proved')
        }),
        { numRuns: pairs * times, seed },
      )
      const found = (said: string): number => seen.get(said) ?? 0
      expect(Math.min(found('refuted'), found('proved'))).toBeGreaterThan(0.05 * pairs * times)
      // Of what is so in every request, and of what is not, hardly anything stays unknown.
      expect(found('not refuted') + found('not proved')).toBeLessThan(unknown * pairs * times + 2)
      if (times > 1) process.stdout.write(`${of}: ${JSON.stringify(Object.fromEntries(seen))}\n`)
    },
  )
}
