import { describe, expect, test } from 'vitest'

import type { LayerSet } from '../decide/policy-set.ts'
import { allow, deny, when } from '../testing/claims.ts'
import { cases, documents } from '../testing/containment.ts'
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

  test('in an older Version a star in braces is a text', () => {
    const [one, other] = [
      documents([when({ StringEquals: { 'k:a': '${*}' } })], '2008-10-17'),
      documents([when({ StringEquals: { 'k:a': '${*}' } })]),
    ]
    expect(told(within(one, other), one, other)).toBe('refuted')
    expect(told(within(other, one), other, one)).toBe('refuted')
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

  test('hundreds of resources with a star inside, each after a beginning of its own, are told apart', () => {
    const inside = words.flatMap((word) => ['a', 'b', 'c', 'd'].map((end) => `arn:aws:s3:::${word}${end}/*/x`))
    const but = documents([allow('s3:*', inside), deny('s3:*', 'arn:aws:s3:::never/*/x')])
    expect(within(documents([allow('s3:Get*', inside.toReversed())]), but)).toEqual({ holds: true })
  })

  test('work that grows without bound is given up with a code', () => {
    const like = (values: readonly string[]) => allow('s3:*', '*', { StringLike: { 'k:a': values } })
    const stars = words.map((word) => `*${word}*`)
    const proof = within(documents([like(stars)]), documents([like(stars.toReversed())]))
    expect(proof).toMatchObject({ holds: 'unknown' })
  })
})

test('equal asks both ways', () => {
  const [one, other] = [documents([allow('s3:Get*', '*')]), documents([allow('s3:*', '*')])]
  expect(equal(one, one)).toEqual({ holds: true })
  expect(equal(one, other)).toMatchObject({ holds: false })
  expect(equal(other, one)).toMatchObject({ holds: false })
})

test('disjoint shows a request that both allow', () => {
  const [gets, puts] = [documents([allow('s3:Get*', '*')]), documents([allow('s3:Put*', '*')])]
  expect(disjoint(gets, puts)).toEqual({ holds: true })
  expect(disjoint(gets, documents([allow('s3:*t', '*')]))).toMatchObject({
    holds: false,
    witness: { action: 's3:Get' },
  })
})

test('unreachable asks about some requests only', () => {
  const policies = documents([
    allow('s3:*', 'arn:aws:s3:::b/*'),
    deny('s3:Delete*', '*', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }),
  ])
  expect(
    unreachable(policies, [
      { Action: 's3:DeleteObject', Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } },
    ]),
  ).toEqual({ holds: true })
  expect(unreachable(policies, [{ Action: 's3:DeleteObject' }])).toMatchObject({
    holds: false,
    witness: { action: 's3:DeleteObject' },
  })
  expect(unreachable(policies, [{ Resource: 'arn:aws:s3:::c/*' }])).toEqual({ holds: true })
})

test('narrows holds a document against what stood in its place, Denies too', () => {
  const before = documents([allow('s3:Get*', '*'), deny('kms:*', '*')])
  expect(narrows(before, documents([allow('s3:GetObject', '*'), deny('kms:*', '*'), deny('s3:*', '*')]))).toEqual({
    holds: true,
  })
  // By itself it allows less, but it no longer denies what another policy may allow.
  expect(narrows(before, documents([allow('s3:GetObject', '*')]))).toMatchObject({ witness: { action: 'kms:example' } })
  expect(narrows(before, documents([allow('s3:*', '*'), deny('kms:*', '*')]))).toMatchObject({ holds: false })
})
