import { expect, test } from 'vitest'

import { type Facts, readFacts } from '../match/facts.ts'
import { request } from '../testing/policies.ts'
import { judge } from './judge.ts'
import { assemble, compileLayer, type LayerSet } from './policy-set.ts'

const bucket = 'arn:aws:s3:::shop/a'

function allowing(
  kind: 'identity' | 'boundary' | 'session' | 'service-control' | 'endpoint',
  action: string,
): LayerSet {
  return compileLayer(kind, [
    { name: 'p', document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] } },
  ])
}

function facts(resource = bucket): Facts {
  const read = readFacts(request({ action: 's3:GetObject', resource }), false)
  if ('malformed' in read) throw new Error(read.malformed)
  return read
}

const identity = allowing('identity', '*')

test('a layer that must allow and is not there denies', () => {
  const set = assemble({ identity })
  expect(judge(set, facts())).toBe(identity.statements[0])
  expect(judge(set, facts('arn:sallyport:function:a:in:fn/op'))).toBe(set.resource)
  expect(judge(assemble({}), facts())).toMatchObject({ layer: 'identity', statements: [] })
})

test('every level and every limit must allow', () => {
  const [wide, narrow] = [allowing('service-control', '*'), allowing('service-control', 'sqs:*')]
  expect(judge(assemble({ identity, serviceControl: [wide, narrow] }), facts())).toBe(narrow)
  expect(judge(assemble({ identity, serviceControl: [narrow, wide] }), facts())).toBe(narrow)
  expect(judge(assemble({ identity, serviceControl: [wide, wide] }), facts())).toBe(identity.statements[0])
  for (const kind of ['boundary', 'session', 'endpoint'] as const) {
    const limit = allowing(kind, 'sqs:*')
    expect(judge(assemble({ identity, [kind]: limit }), facts())).toBe(limit)
    expect(judge(assemble({ identity, [kind]: allowing(kind, 's3:*') }), facts())).toBe(identity.statements[0])
  }
})
