import { expect, test } from 'vitest'

import type { PolicyLayers, Statement } from '../document.ts'
import { named, request } from '../testing/policies.ts'
import { compilePolicies } from './authority.ts'
import { decide } from './decide.ts'
import { compile } from './policy-set.ts'
import { hashOf } from './prefix-table.ts'

const bucket = 'arn:aws:s3:::b/*'
const allow = (Condition?: Statement['Condition'], Resource = bucket): Statement => ({
  Effect: 'Allow',
  Action: 's3:Get*',
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
})
/** So many others that statements are looked up; they lie elsewhere. */
const others = Array.from({ length: 12 }, (_, index) =>
  named(`o${index}`, [allow(undefined, `arn:aws:s3:::o${index}/*`)]),
)

function effectOf(layers: PolicyLayers, context: Readonly<Record<string, string | string[]>>): string {
  const identity = [...(layers.identity ?? []), ...others]
  const asked = request({ action: 's3:GetObject', resource: 'arn:aws:s3:::b/x', context })
  return decide(compile({ ...layers, identity }), [asked]).effect
}

test('what one layer asks in vain, the next is asked as well', () => {
  const condition = { StringEquals: { 'k:a': 'x' }, StringNotEquals: { 'k:b': 'y' } }
  const layers = { identity: [named('i', [allow(condition)])], boundary: [named('b', [allow(condition)])] }
  expect(effectOf(layers, { 'k:a': 'x' })).toBe('allow')
  expect(effectOf(layers, { 'k:a': 'z' })).toBe('deny')
  // Two of one layer that say the same, and neither holds.
  expect(effectOf({ identity: [named('i', [allow(condition), allow(condition)])] }, { 'k:a': 'z' })).toBe('deny')
  const unequal = { identity: [named('i', [allow()])], boundary: [named('b', [allow(condition)])] }
  expect(effectOf(unequal, { 'k:a': 'z' })).toBe('deny')
  // The same two conditions in another order stand at other places, and are asked.
  const turned = { StringNotEquals: { 'k:b': 'y' }, StringEquals: { 'k:a': 'x' } }
  const both = { identity: [named('i', [allow(condition)])], boundary: [named('b', [allow(turned)])] }
  expect(effectOf(both, { 'k:a': 'x' })).toBe('allow')
  expect(effectOf(both, { 'k:a': 'x', 'k:b': 'y' })).toBe('deny')
})

test('what an Allow and a Deny ask in the same words has an answer of its own for each', () => {
  const Condition = { NumericEquals: { 'k:a': '5' } }
  const deny: Statement = { Effect: 'Deny', Action: 's3:*', Resource: bucket, Condition }
  const either = { identity: [named('i', [allow(Condition)])] }
  const both = { identity: [named('i', [allow(), deny])] }
  // No number: that gives no leave, and is a reason to refuse.
  expect(effectOf(either, { 'k:a': 'five' })).toBe('deny')
  expect(effectOf(both, { 'k:a': 'five' })).toBe('deny')
  expect(effectOf({ identity: [named('i', [allow(Condition), deny])] }, { 'k:a': '5' })).toBe('deny')
  const elsewhere = { identity: [named('i', [allow(Condition), { ...deny, Action: 's3:Put*' }])] }
  expect([effectOf(elsewhere, { 'k:a': 'five' }), effectOf(elsewhere, { 'k:a': '5' })]).toEqual(['deny', 'allow'])
  expect(effectOf({ identity: [named('i', [allow(), deny])] }, { 'k:a': '6' })).toBe('allow')
})

test('what two Versions say in the same words is not the same', () => {
  const Condition = { StringEquals: { 'k:a': '${k:b}' } }
  const old = { name: 'old', document: { Version: '2008-10-17', Statement: [allow(Condition)] } } as const
  const layers = { identity: [old], boundary: [named('new', [allow(Condition)])] }
  expect(effectOf(layers, { 'k:a': '${k:b}', 'k:b': '${k:b}' })).toBe('allow')
  expect(effectOf(layers, { 'k:a': 'x', 'k:b': 'x' })).toBe('deny')
  const puts = { ...old, document: { ...old.document, Statement: [{ ...allow(Condition), Action: 's3:Put*' }] } }
  expect(effectOf({ identity: [puts, named('new', [allow(Condition)])] }, { 'k:a': 'x', 'k:b': 'x' })).toBe('allow')
})

test('a list of one is its member, and no list of several is one of them', () => {
  const layers = { identity: [named('i', [allow({ StringEquals: { 'k:a': 'x' } })])] }
  for (const [value, effect] of [
    [['x'], 'allow'],
    [['y'], 'deny'],
    [['x', 'x'], 'deny'],
  ] as const) {
    expect(effectOf(layers, { 'k:a': [...value] }), value.join()).toBe(effect)
  }
})

test('two resources of one hash are two resources', () => {
  const [one, other] = ['arn:aws:s3:::0cfse64/', 'arn:aws:s3:::1rcyb79/']
  expect(hashOf(one)).toBe(hashOf(other))
  const set = compile({ identity: [named('one', [allow(undefined, `${one}*`)]), ...others] })
  const asked = (name: string): string =>
    decide(set, [request({ action: 's3:GetObject', resource: `${name}x` })]).effect
  // Before its statements are laid out, and after.
  expect([asked(other), asked(one), asked(other), asked(one)]).toEqual(['deny', 'allow', 'deny', 'allow'])
})

test('an app answers each access by itself, whatever was asked before', () => {
  const names = Array.from({ length: 40 }, (_, index) => `arn:sallyport:function:a:in:f${index}`)
  const authority = compilePolicies({
    guardrails: [],
    identity: new Map(
      names.map((name, index) => [name, [named(name, [allow(undefined, `arn:aws:s3:::b${index}/*`)])]]),
    ),
    resource: new Map(),
  })
  for (const round of [1, 2]) {
    for (const [index, subject] of names.entries()) {
      const asked = (bucketOf: number): string =>
        decide(authority, [request({ subject, action: 's3:GetObject', resource: `arn:aws:s3:::b${bucketOf}/x` })])
          .effect
      expect([asked(index), asked(index + 1)], `${subject} in round ${round}`).toEqual(['allow', 'deny'])
    }
  }
})

test('a resource that is granted in full grants none that merely begins with it, however many there are', () => {
  const many = Array.from({ length: 40 }, (_, index) => `arn:aws:s3:::b/${index}`)
  const whole = compile({ identity: many.map((resource) => named(resource, [allow(undefined, resource)])) })
  const asked = (resource: string): string => decide(whole, [request({ action: 's3:GetObject', resource })]).effect
  // Twice, since what was asked once is laid out in another way.
  for (let time = 0; time < 2; time += 1) {
    expect(['arn:aws:s3:::b/7', 'arn:aws:s3:::b/77'].map(asked)).toEqual(['allow', 'deny'])
  }
})

test('a Deny that compares with a variable is asked, however many there are', () => {
  const denies = Array.from({ length: 40 }, (_, index): Statement => ({
    Effect: 'Deny',
    Action: 's3:*',
    Resource: '*',
    Condition: { StringEquals: { 'k:a': `\${k:b}-${index}` } },
  }))
  const set = compile({ identity: [named('i', [allow(), ...denies])] })
  const asked = (context: Readonly<Record<string, string>>): string =>
    decide(set, [request({ action: 's3:GetObject', resource: 'arn:aws:s3:::b/x', context })]).effect
  expect(asked({ 'k:a': 'x-7', 'k:b': 'y' })).toBe('allow')
  expect(asked({ 'k:a': 'x-7', 'k:b': 'x' })).toBe('deny')
})
