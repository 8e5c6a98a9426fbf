import { arn, contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { App, Zone } from '../app.ts'
import { showPosition } from '../source/faults.ts'
import { explainPerson, grantFor } from './explain-person.ts'
import { text } from './read-context.ts'
import { fixOf } from './shell.ts'
import { reword } from './wording.ts'

/** Why one function may not call another: the edge between their zones, or no line under `can`. */
export function explainFunction(reason: Reason, request: AccessRequest, app: App, closed?: Zone): Reason {
  const label = operationLabel(app, request.resource)
  const source = text(request, contextKeys.sourceZone)
  const subject = request.subject.name
  if (closed !== undefined) {
    const fix =
      source !== undefined && app.zones.some(({ name }) => name === source) ? fixOf('allow', source, closed.name) : {}
    return reword(
      reason,
      'zone.closed',
      { subject, object: label, detail: source ?? 'no known zone' },
      { at: showPosition(closed.at), ...fix },
    )
  }
  const caller = app.functions.find(({ name }) => name === subject)
  if (caller === undefined) return reword(reason, 'function.not_granted', { subject, object: label })
  const tied = grantFor(caller, 'function', label)
  if (tied !== undefined) return explainPerson(reason, { subject, object: label }, tied, request, app)
  return reword(
    reason,
    'function.not_granted',
    { subject, object: label },
    { at: showPosition(caller.at), ...fixOf('allow', subject, label) },
  )
}

/** Why a request may not leave: the operation is not granted, or nobody wrote it down. */
export function explainDoor(reason: Reason, request: AccessRequest, app: App): Reason {
  const subject = request.subject.name
  const caller = app.functions.find(({ name }) => name === subject)
  const [, doorName = '', operation = ''] = /^arn:sallyport:door:[^:]*::([^/]+)\/(.*)$/s.exec(request.resource) ?? []
  const door = app.doors.find(({ name }) => name === doorName)
  const listed = door?.ops.some(({ name }) => name === operation) === true
  if (listed) {
    const object = `${doorName}.${operation}`
    const tied = grantFor(caller, 'door', object)
    if (tied !== undefined) return explainPerson(reason, { subject, object }, tied, request, app)
    const place = caller === undefined ? {} : { at: showPosition(caller.at), ...fixOf('allow', subject, object) }
    return reword(reason, 'door.not_granted', { subject, object }, place)
  }
  const url = /^([A-Z]+) (https?:\/\/\S+)$/.exec(operation)
  if (url === null) return reason
  const [, method = '', address = ''] = url
  const at = door === undefined ? {} : { at: showPosition(door.at) }
  const spec = caller === undefined ? undefined : newOperation(app, method, address, door?.name)
  return reword(
    reason,
    'door.unlisted',
    { subject, object: operation },
    { ...at, ...(spec === undefined ? {} : fixOf('allow', subject, spec)) },
  )
}

/**
 * A name that no door has, with what would give it one. How it was to be asked is not known yet: that is told by the
 * next refusal, once there is a door. AWS's names get none so, since no door signs as AWS wants it, nor do functions.
 */
export function explainName(reason: Reason, request: AccessRequest, app: App): Reason {
  const [, host = ''] = /^arn:sallyport:door:[^:]*::\?\/(.*)$/s.exec(request.resource) ?? []
  const caller = app.functions.find(({ name }) => name === request.subject.name)
  const noneFits = caller === undefined || /\.(?:amazonaws\.com|fn\.internal)$/.test(host)
  const spec = noneFits ? undefined : newOperation(app, 'GET', `https://${host}/`, undefined)
  return spec === undefined ? reason : { ...reason, ...fixOf('allow', request.subject.name, spec) }
}

/** `stripe.balance=GET /v1/balance`, or with the whole URL where there is no door to the host yet. */
function newOperation(app: App, method: string, url: string, door: string | undefined): string | undefined {
  const [, host = '', path = '/'] = /^https:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)(\/[^?#]*)?/.exec(url) ?? []
  // A port, an address or a segment with a colon cannot be written as a plain template: a person must choose.
  if (host === '' || /^[\d.]+$/.test(host) || path.includes('/:')) return undefined
  const taken = app.doors.find(({ name }) => name === door)?.ops.map(({ name }) => name) ?? []
  const operation = freeName(
    path.split('/').findLast((part) => /^[A-Za-z][A-Za-z0-9_-]*$/.test(part)) ?? method.toLowerCase(),
    taken,
  )
  if (door !== undefined) return `${door}.${operation}=${method} ${path}`
  const names = [...app.people, ...app.zones, ...app.doors, ...app.tables, ...app.functions].map(({ name }) => name)
  const labels = host.split('.')
  return `${freeName(labels.at(-2) ?? host, names)}.${operation}=${method} https://${host}${path}`
}

function freeName(wanted: string, taken: readonly string[]): string {
  let name = wanted
  for (let count = 2; taken.includes(name); count++) name = `${wanted}-${count}`
  return name
}

function operationLabel(app: App, resource: string): string {
  for (const one of app.functions) {
    const operation = one.offers.find((name) => arn.operation(app.name, one.zone, one.name, name) === resource)
    if (operation !== undefined) return `${one.name}.${operation}`
    const route = one.routes.find((candidate) => candidate.arn === resource)
    if (route !== undefined) return route.key
  }
  return resource
}
