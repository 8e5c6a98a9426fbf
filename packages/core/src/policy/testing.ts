import type { AccessRequest, Context, Subject } from '@sallyport/core/access'

/** For tests: a request with the least that one needs. */
export function request(asked: {
  readonly subject?: string
  readonly action: string
  readonly resource: string
  readonly context?: Context
}): AccessRequest {
  const subject: Subject = {
    kind: 'function',
    id: asked.subject ?? 'arn:sallyport:function:shop:internal:orders',
    name: 'orders',
    roles: [],
  }
  return {
    id: '00000000000000000000000000000001',
    transaction: '00000000000000000000000000000002',
    subject,
    action: asked.action,
    resource: asked.resource,
    context: asked.context ?? {},
    actors: [],
  }
}
