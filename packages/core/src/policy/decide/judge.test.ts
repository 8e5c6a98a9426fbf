import type { Layer } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { type Facts, readFacts } from '../match/facts.ts'
import { judge } from './judge.ts'
import { compileSet, type PolicySet } from './layers.ts'
import { request } from '../testing/policies.ts'

function allowing(layer: Layer, action: string): PolicySet {
  return compileSet(layer, [
    { name: 'p', document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] } },
  ])
}

function facts(): Facts {
  const read = readFacts(request({ action: 's3:GetObject', resource: 'arn:aws:s3:::shop/a' }))
  if ('malformed' in read) throw new Error(read.malformed)
  return read
}

test('a layer that must allow and is not there denies', () => {
  const identity = allowing('identity', '*')
  expect(judge([identity], ['resource', 'identity'], facts())).toBe('resource')
  expect(judge([identity], ['identity'], facts())).toBe(identity.statements[0])
})

test('every set of a layer that must allow, must', () => {
  const [wide, narrow] = [allowing('boundary', '*'), allowing('boundary', 'sqs:*')]
  expect(judge([wide, narrow], ['boundary'], facts())).toBe(narrow)
  expect(judge([narrow, wide], ['boundary'], facts())).toBe(narrow)
  expect(judge([wide, wide], ['boundary'], facts())).toBe(wide.statements[0])
})

test('where nothing must allow, nothing is allowed', () => {
  expect(judge([allowing('identity', '*')], [], facts())).toBe('guardrail')
})
