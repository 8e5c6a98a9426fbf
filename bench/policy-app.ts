import type { AccessRequest } from '@sallyport/core/access'
import { compilePolicies, decide, type NamedPolicy, type PolicyDocument } from '@sallyport/core/policy'

import type { Case } from './policy-workload.ts'

/** An app of N functions, of which each may call two others and read its user's rows: what `compilePolicies` makes. */
export function app(n: number): Case {
  const arnOf = (index: number): string => `arn:sallyport:function:app:zone-${index % 4}:f${index % n}`
  const allow = { Effect: 'Allow' } as const
  const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Rows'
  const named = (name: string, Statement: PolicyDocument['Statement']): NamedPolicy => ({
    name,
    document: { Version: '2012-10-17', Statement },
  })
  const own = {
    'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${sallyport:TransactionUser}'] },
    Null: { 'dynamodb:LeadingKeys': 'false', 'sallyport:TransactionUser': 'false' },
  }
  const invoke = 'sallyport:InvokeFunction'
  const functions = Array.from({ length: n }, (_, index) => index)
  const authority = compilePolicies({
    guardrails: [0, 1, 2, 3].map((zone) =>
      named(`zone-${zone}`, [
        {
          Effect: 'Deny',
          Action: invoke,
          Resource: `arn:sallyport:function:app:zone-${zone}:*`,
          Condition: { StringNotEquals: { 'sallyport:SourceZone': ['zone-0', 'zone-1', 'zone-2', 'zone-3'] } },
        },
      ]),
    ),
    identity: new Map(
      functions.map((index) => [
        arnOf(index),
        [
          named(`f${index}`, [
            { ...allow, Action: invoke, Resource: `${arnOf(index + 1)}/run` },
            { ...allow, Action: invoke, Resource: `${arnOf(index + 2)}/run` },
            { ...allow, Action: 'dynamodb:GetItem', Resource: table, Condition: own },
          ]),
        ],
      ]),
    ),
    resource: new Map(
      functions.map((index) => [
        `${arnOf(index)}/run`,
        named(`r${index}`, [
          {
            ...allow,
            Principal: { AWS: [arnOf(index - 1 + n), arnOf(index - 2 + 2 * n)] },
            Action: invoke,
            Resource: `${arnOf(index)}/run`,
          },
        ]),
      ]),
    ),
  })
  const requests = Array.from({ length: 4096 }, (_, at): AccessRequest => {
    const index = (at * 7919) % n
    const calls = at % 2 === 0
    const context = { 'sallyport:SourceZone': `zone-${index % 4}`, 'sallyport:TransactionUser': 'alice' }
    return JSON.parse(
      JSON.stringify({
        id: '0',
        transaction: '0',
        subject: { kind: 'function', id: arnOf(index), name: `f${index}`, roles: [] },
        action: calls ? invoke : 'dynamodb:GetItem',
        resource: calls ? `${arnOf(index + 1)}/run` : table,
        context: calls ? context : { ...context, 'dynamodb:LeadingKeys': ['alice'] },
        actors: [],
      }),
    )
  })
  const ask = (change: (request: AccessRequest) => AccessRequest): (() => boolean) => {
    const asked = requests.map(change)
    for (const request of asked) decide(authority, [request])
    let at = 0
    return () => {
      at = (at + 1) % asked.length
      const request = asked[at]
      return request !== undefined && decide(authority, [request]).effect === 'allow'
    }
  }
  return { allow: ask((request) => request), deny: ask((request) => ({ ...request, action: 'sallyport:Nothing' })) }
}
