import type { Grant, Subject } from '@sallyport/core/access'
import { type App, matchRoute } from '@sallyport/manifest'

import { affinityOf, type Destination } from './gateway/index.ts'
import type { Invocation } from './host/index.ts'
import { newId, nowMs } from './operation/index.ts'

/** Where a request leads by the manifest in force; undefined where no route is written down. */
export function destinationOf(app: App, method: string, path: string): Destination | undefined {
  const match = matchRoute(app, method, path)
  if (match.kind === 'refused') return undefined
  const { name: functionName, arn: functionArn, zone, event } = match.functionDeclaration
  const form = event === undefined ? {} : { event }
  return { functionName, functionArn, zone, route: match.route, parameters: match.parameters, ...form }
}

/** An administrator's call of a function, past its routes. */
export function directInvocation(
  functionName: string,
  event: Uint8Array,
  user: Subject,
  grant: Grant,
  timeoutMs: number,
): Invocation {
  const [{ id: decision, transaction }] = grant.decision.asked
  const deadline = Math.min(grant.expiresAt, nowMs() + timeoutMs)
  const affinity = affinityOf(user)
  return { id: newId(), transaction, decision, functionName, user, actors: [], deadline, grant, event, affinity }
}
