import { describe, expect, test } from 'vitest'

import type { LayerSet } from '../decide/policy-set.ts'
import { allow, cases, deny, documents } from '../testing/containment.ts'
import type { Proof } from './find-request.ts'
import { allows, disjoint, equal, narrows, unreachable, within } from './prove.ts'

/** Of a refutation, what was asked. */
function told(proof: Proof, a: LayerSet, b: LayerSet): string {
  if (proof.holds === true) return 'holds'
  if (proof.holds === 'unknown') return proof.code
  expect([allows(a, proof.witness), allows(b, proof.witness)]).toEqual([true, false])
  return 'refuted'
}

describe('within', () => {
  test('there are cases, and no two of one name', () => {
    expect(cases.length).toBeGreaterThan(55)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  // Not `test.for`: it shortens long names.
  for (const { name, a, b, says } of cases) {
    test(`${name}: ${says}`, () => {
      const [one, other] = [documents(a), documents(b)]
      expect(told(within(one, other), one, other)).toBe(says)
    })
  }

  test('in an older Version a variable is a text', () => {
    const [one, other] = [
      documents([allow('s3:*', 'arn:aws:s3:::b/${k:a}')], '2008-10-17'),
      documents([allow('s3:*', 'arn:aws:s3:::b/${k:a}')]),
    ]
    expect(told(within(one, other), one, other)).toBe('refuted')
    expect(told(within(one, one), one, one)).toBe('holds')
  })

  test('a witness is a request that one can read', () => {
    const proof = within(documents([allow('s3:GetObject', 'arn:aws:s3:::photos/*')]), documents([deny('s3:*', '*')]))
    expect(proof).toMatchObject({
      holds: false,
      witness: { action: 's3:GetObject', resource: 'arn:aws:s3:::photos/example' },
    })
  })

  const words = Array.from({ length: 40 }, (_, index) => String.fromCodePoint(0x4e00 + index))

  test('resources that overlap in more ways than can be told apart are proved all the same', () => {
    const stars = words.map((word) => `arn:aws:s3:::*${word}*`)
    const all = documents([allow('s3:*', stars)])
    const but = (name: string) => documents([allow('s3:*', stars.toReversed()), deny('s3:*', `arn:aws:s3:::${name}`)])
    expect(within(all, but('never'))).toEqual({ holds: true })
    expect(within(all, but(`a${words[7]}`))).toMatchObject({
      holds: false,
      witness: { resource: `arn:aws:s3:::a${words[7]}` },
    })
  })

  test('work that grows without bound is given up with a code', () => {
    const like = (values: readonly string[]) => allow('s3:*', '*', { StringLike: { 'k:a': values } })
    const stars = words.map((word) => `*${word}*`)
    const proof = within(documents([like(stars)]), documents([like(stars.toReversed())]))
    expect(proof).toMatchObject({ holds: 'unknown' })
  })
})
