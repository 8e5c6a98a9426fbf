import { describe, expect, test } from 'vitest'

import type { PolicyKind } from '../fault.ts'
import { validateDocument } from './parse-policy.ts'

const allow = { Effect: 'Allow', Action: 's3:GetObject' } as const
const deny = { ...allow, Effect: 'Deny' } as const
const on = { Resource: 'arn:aws:s3:::shop/*' } as const
const somebody = { Principal: { AWS: '123456789012' } } as const
const everybody = { Principal: '*' } as const
const butSomebody = { NotPrincipal: { AWS: '123456789012' } } as const
const fullAccess = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } as const

/** What a statement may be, in the order of the columns below. */
const statements = {
  'allows on a resource': { ...allow, ...on },
  'denies on a resource': { ...deny, ...on },
  'names somebody': { ...allow, ...on, ...somebody },
  'denies everybody': { ...deny, ...on, ...everybody },
  'denies all but somebody': { ...deny, ...on, ...butSomebody },
  'names somebody and no resource': { ...allow, ...somebody },
  'denies all but somebody, and names no resource': { ...deny, ...butSomebody },
  'names no resource': { ...deny },
  'gives full access': fullAccess,
}

/** Which of them each kind of policy takes. */
const taken: Readonly<Record<PolicyKind, readonly (keyof typeof statements)[]>> = {
  identity: ['allows on a resource', 'denies on a resource'],
  boundary: ['allows on a resource', 'denies on a resource'],
  session: ['allows on a resource', 'denies on a resource'],
  'service-control': ['allows on a resource', 'denies on a resource'],
  resource: [
    'names somebody',
    'denies everybody',
    'denies all but somebody',
    'names somebody and no resource',
    'denies all but somebody, and names no resource',
    'gives full access',
  ],
  trust: ['names somebody and no resource'],
  endpoint: [
    'allows on a resource',
    'denies on a resource',
    'names somebody',
    'denies everybody',
    'denies all but somebody',
    'gives full access',
  ],
  guardrail: ['denies on a resource', 'denies everybody'],
  'resource-control': ['denies on a resource', 'denies everybody', 'gives full access'],
}

describe.for(Object.entries(taken))('a policy of kind %s', ([kind, takes]) => {
  test(`takes exactly what its row says`, () => {
    const given = Object.entries(statements).filter(
      // The kinds are the keys of the table above.
      ([, statement]) => validateDocument({ Statement: [statement] }, kind as PolicyKind, 'p').ok,
    )
    expect(given.map(([name]) => name)).toEqual(takes)
  })
})
