import {
  type AccessRequest,
  type Context,
  contextKeys,
  type Decision,
  type Reason,
  type Subject,
} from '@sallyport/core/access'

import type { AppPolicies, NamedPolicy, Statement } from '../document.ts'

const orders = 'arn:sallyport:function:shop:internal:orders'
const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'

/** For tests: a request with the least that one needs. */
export function request(asked: {
  readonly subject?: string
  readonly action: string
  readonly resource: string
  readonly resourceAccount?: string | undefined
  readonly context?: Context
}): AccessRequest {
  const subject: Subject = {
    kind: 'function',
    id: asked.subject ?? orders,
    name: 'orders',
    roles: [],
  }
  return {
    id: '00000000000000000000000000000001',
    transaction: '00000000000000000000000000000002',
    subject,
    action: asked.action,
    resource: asked.resource,
    ...(asked.resourceAccount === undefined ? {} : { resourceAccount: asked.resourceAccount }),
    context: asked.context ?? {},
    actors: [],
  }
}

/** A document of these statements under a name. */
export function named(name: string, statements: readonly Statement[]): NamedPolicy {
  return { name, document: { Version: '2012-10-17', Statement: statements } }
}

/** An app's policies: those of every request, those of the function `orders`, and those of resources by ARN. */
export function policies(parts: {
  readonly guardrails?: readonly Statement[]
  readonly identity?: readonly Statement[]
  readonly resource?: Readonly<Record<string, readonly Statement[]>>
}): AppPolicies {
  return {
    guardrails: parts.guardrails === undefined ? [] : [named('zones', parts.guardrails)],
    identity: new Map(parts.identity === undefined ? [] : [[orders, [named('orders', parts.identity)]]]),
    resource: new Map(
      Object.entries(parts.resource ?? {}).map(([arn, statements]) => [arn, named('route', statements)]),
    ),
  }
}

/** The deciding reason. */
export function only(decision: Decision): Reason {
  const [reason] = decision.reasons
  if (reason === undefined) throw new Error('no reason')
  return reason
}

/** Puts into the rows of the transaction's own user, presence demanded. */
export const own: Statement = {
  Sid: 'orders-table.put',
  Effect: 'Allow',
  Action: 'dynamodb:PutItem',
  Resource: table,
  Condition: {
    Null: { 'dynamodb:LeadingKeys': 'false', [contextKeys.transactionUser]: 'false' },
    'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': `\${${contextKeys.transactionUser}}` },
  },
}
