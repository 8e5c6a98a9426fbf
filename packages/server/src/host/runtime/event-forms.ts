import type { EventForm } from '@sallyport/manifest'

import { claimsOf, type FunctionCall, textOf, toApiGatewayEvent } from './event.ts'

/** The event that a function was written for, as UTF-8 JSON: payload format 2.0 unless its manifest says otherwise. */
export function toEvent(call: FunctionCall, form: EventForm = 'http'): Uint8Array {
  switch (form) {
    case 'http':
      return toApiGatewayEvent(call)
    case 'url':
      // "Request payload format" of function URLs: format 2.0, without routes.
      return toApiGatewayEvent({ ...call, routeKey: '$default', pathParameters: {} })
    case 'rest':
      return Buffer.from(JSON.stringify(restEvent(call)))
    case 'alb':
      return Buffer.from(JSON.stringify(loadBalancerEvent(call)))
  }
}

/**
 * The proxy event of API Gateway's REST API, payload format 1.0. Verified claims stand where a Cognito user pool
 * authorizer puts them, and what we vouch for ourselves beside them.
 */
function restEvent(call: FunctionCall): object {
  const { method, path, user, caller, transaction } = call
  const host = call.domainName ?? call.headers.get('host') ?? ''
  const resource = call.routeKey.slice(call.routeKey.indexOf(' ') + 1).replaceAll(/:(\w+)/g, '{$1}')
  const query = several(new URLSearchParams(call.query))
  return {
    version: '1.0',
    resource,
    path,
    httpMethod: method,
    headers: Object.fromEntries(call.headers),
    multiValueHeaders: Object.fromEntries([...call.headers].map(([name, value]) => [name, [value]])),
    queryStringParameters: orNull(last(query)),
    multiValueQueryStringParameters: orNull(Object.fromEntries(query)),
    pathParameters: orNull(call.pathParameters),
    stageVariables: null,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'sallyport',
      authorizer: {
        ...(user === undefined ? {} : { claims: claimsOf(user), principalId: user.name, roles: user.roles }),
        ...(caller === undefined ? {} : { caller }),
        transaction,
      },
      domainName: host,
      domainPrefix: host.split(/[.:]/)[0],
      extendedRequestId: call.requestId,
      httpMethod: method,
      identity: { sourceIp: call.sourceIp, userAgent: call.headers.get('user-agent') ?? null },
      path,
      protocol: 'HTTP/1.1',
      requestId: call.requestId,
      requestTimeEpoch: call.receivedAt,
      resourcePath: resource,
      stage: '$default',
    },
    ...bodyOf(call, null),
  }
}

/**
 * The event of an Application Load Balancer. Query values stay encoded, as they do there. Who the person is stands in
 * the header that the balancer's own sign-in writes; one that the caller wrote is gone.
 */
function loadBalancerEvent(call: FunctionCall): object {
  const { method, path, user } = call
  const headers = [...call.headers].filter(([name]) => !name.startsWith('x-amzn-oidc-'))
  const raw = call.query.split('&').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=')
    return pair === '' ? [] : [at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]]
  })
  return {
    requestContext: { elb: { targetGroupArn: 'sallyport' }, transaction: call.transaction },
    httpMethod: method,
    path,
    queryStringParameters: Object.fromEntries(raw),
    headers: Object.fromEntries([...headers, ...(user === undefined ? [] : [['x-amzn-oidc-identity', user.name]])]),
    ...bodyOf(call, ''),
  }
}

function bodyOf(
  call: FunctionCall,
  none: null | '',
): { readonly body: string | null; readonly isBase64Encoded: boolean } {
  if (call.body.length === 0) return { body: none, isBase64Encoded: false }
  const text = textOf(call)
  return { body: text ?? Buffer.from(call.body).toString('base64'), isBase64Encoded: text === undefined }
}

/** Each name once, with all that it has. */
function several(parameters: URLSearchParams): readonly (readonly [string, readonly string[]])[] {
  return [...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)] as const)
}

/** Format 1.0 has the last one where it has one. */
function last(query: readonly (readonly [string, readonly string[]])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(query.map(([name, values]) => [name, values.at(-1) ?? '']))
}

/** Format 1.0 has null for what is empty. */
function orNull<T extends object>(members: T): T | null {
  return Object.keys(members).length === 0 ? null : members
}
