import { actions, arn, type Reason } from '@sallyport/core/access'

import { isMetadata } from './upstream/address.ts'
import { tooLarge } from './listen/body.ts'
import { isForAws } from './aws/aws-names.ts'
import { functionSuffix, routeToFunction } from './call.ts'
import { maxBytesOf, routeToDoor } from './door/door.ts'
import { doorReason, type Head } from './listen/head.ts'
import type { EgressRooms } from './rooms.ts'

/** Where a request leads. */
export type Way =
  | (ReturnType<typeof routeToDoor> & { kind: 'door' })
  | (ReturnType<typeof routeToFunction> & { kind: 'call' })
  | { readonly kind: 'aws' }
  | Refusal

interface Refusal {
  readonly kind: 'refused'
  readonly resource: string
  readonly action: string
  readonly reason: Reason
}

/** Where a head leads. What is certain here needs no body, and so none is read. */
export function routeOf(
  rooms: EgressRooms,
  head: Head,
  maxBodyBytes: number,
): Way & { resource: string; action: string } {
  const app = rooms.app()
  const base = { resource: arn.door(app.name, '?', head.host || '?'), action: actions.useDoor }
  const refuse = (reason: Reason, resource = base.resource, action: string = base.action): Refusal => ({
    kind: 'refused',
    resource,
    action,
    reason,
  })
  if (isMetadata(head.destination)) {
    return refuse(doorReason('door.unlisted', `No door leads to ${head.destination}, a metadata address.`))
  }
  if (head.fault) return refuse(head.fault)
  const large = (head.contentLength ?? 0) > maxBodyBytes ? tooLarge(maxBodyBytes) : undefined
  if (isForAws(app, head)) {
    const resource = arn.door(app.name, 'aws', '?')
    return large ? refuse(large, resource) : { ...base, kind: 'aws', resource }
  }
  if (head.scheme === 'http' && (head.port ?? '80') === '80' && head.host.endsWith(functionSuffix)) {
    const route = routeToFunction(rooms, head)
    if (route.kind === 'call' && large) return refuse(large, route.target.arn, actions.invokeFunction)
    return route.kind === 'refused'
      ? refuse(route.reason, route.resource, actions.invokeFunction)
      : { ...route, resource: `${route.target.arn}/${route.operation}`, action: actions.invokeFunction }
  }
  const route = routeToDoor(rooms, head)
  if (route.kind === 'refused') return refuse(route.reason, route.resource)
  const resource = arn.door(app.name, route.door.name, route.operation.name)
  const largest = maxBytesOf(route, maxBodyBytes)
  if ((head.contentLength ?? 0) > largest) return refuse(tooLarge(largest), resource)
  return { ...route, action: actions.useDoor, resource }
}
