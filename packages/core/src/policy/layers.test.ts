import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { makeAnswerer } from './index.ts'
import { smallCatalogue } from './testing/catalogue.ts'

interface LayerCase {
  readonly name: string
  readonly trap: string
  readonly query: object
  readonly expect: { readonly effect: 'allow' | 'deny'; readonly explicit: boolean; readonly layer: string }
}

// The file is ours, and the test fails where it is not as declared.
const cases = JSON.parse(readFileSync(new URL('golden/layers.json', import.meta.url), 'utf8')) as readonly LayerCase[]
const answer = makeAnswerer(smallCatalogue)

describe('layers and principals, each case by name', () => {
  test('there are cases, and no two of one name', () => {
    expect(cases.length).toBeGreaterThan(90)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  test('an allow names every statement that allows it, the deciding one first', () => {
    const allow = (Sid: string, more: object = {}) => ({ Sid, Effect: 'Allow', Action: '*', Resource: '*', ...more })
    const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })
    const { effect, reasons } = answer(
      JSON.stringify({
        identityPolicies: [policy(allow('One'), allow('Other', { Action: 'sqs:*' })), policy(allow('Two'))],
        resourcePolicy: policy(
          allow('Owner', { Principal: '*' }),
          allow('Elsewhere', { Principal: { AWS: '999999999999' } }),
        ),
        permissionsBoundaries: [policy(allow('Boundary'))],
        serviceControlPolicies: [{ id: 7, policies: [policy(allow('Root'))] }],
        request: {
          principal: 'arn:aws:iam::123456789012:user/alice',
          action: 's3:GetObject',
          resource: { arn: 'arn:aws:s3:::shop/a', accountId: '123456789012' },
        },
      }),
    )
    expect(effect).toBe('allow')
    expect(reasons.map(({ layer, rule }) => `${layer} ${rule}`)).toEqual([
      'resource Owner',
      'service-control Root',
      'identity One',
      'identity Two',
      'boundary Boundary',
    ])
  })

  // Not `test.for`: it shortens long names.
  for (const { trap, name, query, expect: wanted } of cases) {
    test(`${trap} ${name}`, () => {
      const { effect, explicit, layer, error } = answer(JSON.stringify(query))
      expect(error).toBeUndefined()
      expect({ effect, explicit, layer }).toEqual(wanted)
    })
  }
})
