import type { AccessRequest, Reason } from '@sallyport/core/access'

import type { App } from '../app.ts'
import type { Position } from '../position.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import { showPosition } from '../source/faults.ts'

/**
 * A grant is no fix where the manifest itself states that it may never be given: `allow` would refuse it. The reason
 * then names the `expect` or `only` line in its place, for that is what a person would have to change first.
 */
export function unlessStatedOtherwise(reason: Reason, request: AccessRequest, app: App): Reason {
  if (reason.fix?.startsWith('sallyport allow ') !== true) return reason
  const stated = expectedDenied(request, app) ?? reservedForOthers(request, app)
  if (stated === undefined) return reason
  const { fix: _wouldBeRefused, ...told } = reason
  return { ...told, message: `${told.message}; ${showPosition(stated)} states that it never may` }
}

function expectedDenied(request: AccessRequest, app: App): Position | undefined {
  return app.expect.find(({ effect, subject, object }) => {
    // `allow` grants for anybody, so an example about any person behind the caller stands against it.
    const [caller] = subject.split(' for ', 1)
    if (effect !== 'deny' || caller !== request.subject.name) return false
    const described = describeAsk(app, subject, object)
    return described.kind === 'asks' && described.asks.some(({ resource }) => resource === request.resource)
  })?.at
}

function reservedForOthers(request: AccessRequest, app: App): Position | undefined {
  const { name, roles } = request.subject
  const caller = app.functions.find((one) => one.name === name)
  const holders = new Set([name, ...roles, ...(caller === undefined ? [] : [caller.zone])])
  const things = namesOf(request.resource, app)
  return app.only.find(({ object, subjects }) => things.has(object) && !subjects.some((one) => holders.has(one)))?.at
}

/** By every name that an invariant may call what is asked for. */
function namesOf(resource: string, app: App): ReadonlySet<string> {
  const table = app.tables.find(({ arn }) => arn === resource || resource.startsWith(`${arn}/index/`))
  if (table !== undefined) return new Set([table.name])
  const [, kind, zone = '', path = ''] =
    /^arn:sallyport:(function|door|route):[^:]*:([^:]*):(.+)$/s.exec(resource) ?? []
  const slash = path.indexOf('/')
  const [thing, operation] = [path.slice(0, slash), path.slice(slash + 1)]
  if (kind === 'route') return new Set([thing, operation])
  return new Set([thing, `${thing}.${operation}`, ...(kind === 'function' ? [zone] : [])])
}
