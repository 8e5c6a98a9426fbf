import { actions, arn } from '@sallyport/core/access'

import type { App, FunctionDeclaration } from '../app.ts'
import { matchDoor } from '../match/door.ts'
import { matchRoute } from '../match/route.ts'
import { tableVerbs, type TableVerb } from '../source/grammar.ts'
import { didYouMean } from '../source/suggest.ts'
import { askDoor, askOperation, askRoute, askTable, type Asked } from './facts.ts'

/** What the text of an object names: things to ask about, a certain refusal, or nothing that is known. */
export type ObjectDescription =
  | { readonly kind: 'objects'; readonly objects: readonly Asked[] }
  /** Certain before any policy is asked: a host or path that nobody wrote down. */
  | {
      readonly kind: 'refused'
      readonly code: 'route.unlisted' | 'route.malformed_path' | 'door.unlisted' | 'door.malformed_url'
      readonly message: string
      readonly asked: Asked
    }
  | { readonly kind: 'unknown'; readonly message: string; readonly suggestion?: string }

const verbs = Object.keys(tableVerbs) as readonly TableVerb[]

/**
 * `POST /orders/o1/refund`, `POST https://api.stripe.com/v1/refunds`, `orders-table.update(status)`,
 * `stripe.charge`, `orders.create`; a bare function, door, table or zone stands for everything in it.
 */
export function describeObject(app: App, text: string): ObjectDescription {
  const [, method, target] = /^([A-Z]+) (\S+)$/.exec(text.trim()) ?? []
  if (method !== undefined && target !== undefined) {
    return target.startsWith('/') ? describeRoute(app, method, target) : describeUrl(app, method, target)
  }
  const [, name = '', operation, inside] = /^([^.()\s]+)(?:\.([^.()\s]+)(?:\(([^()]*)\))?)?$/.exec(text.trim()) ?? []
  const one = app.functions.find((declared) => declared.name === name)
  if (one !== undefined) {
    if (operation === undefined) return objects(everythingIn(app, one))
    return one.offers.includes(operation)
      ? objects([askOperation(app, one, operation)])
      : unknown(`${name} offers no "${operation}".`, operation, one.offers)
  }
  const door = app.doors.find((declared) => declared.name === name)
  if (door !== undefined) {
    const names = door.ops.map((op) => op.name)
    if (operation === undefined) return objects(names.map((op) => askDoor(app, door.name, op)))
    return names.includes(operation)
      ? objects([askDoor(app, name, operation)])
      : unknown(`The door ${name} has no operation "${operation}".`, operation, names)
  }
  const table = app.tables.find((declared) => declared.name === name)
  if (table !== undefined) {
    if (operation === undefined) return objects(verbs.map((verb) => askTable(table, verb)))
    const verb = verbs.find((known) => known === operation)
    if (verb === undefined) return unknown(`A table has no verb "${operation}".`, operation, verbs)
    const words = (inside ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
    const columns = words.filter((word) => word !== 'own' && word !== 'any')
    return objects([askTable(table, verb, words.includes('any') ? 'other' : 'own', columns)])
  }
  if (app.zones.some((zone) => zone.name === name) && operation === undefined) {
    return objects(
      app.functions.filter((declared) => declared.zone === name).flatMap((declared) => everythingIn(app, declared)),
    )
  }
  return unknown(
    `There is no route, function, door, table or zone "${text}".`,
    name,
    [...app.functions, ...app.doors, ...app.tables, ...app.zones].map((known) => known.name),
  )
}

/** Everything that one can ask of a function: its operations and its routes. */
export function everythingIn(app: App, one: FunctionDeclaration): readonly Asked[] {
  return [
    ...one.offers.map((operation) => askOperation(app, one, operation)),
    ...one.routes.map((route) => askRoute(route)),
  ]
}

function describeRoute(app: App, method: string, path: string): ObjectDescription {
  const written = app.functions.flatMap((one) => one.routes).find((route) => route.key === `${method} ${path}`)
  if (written !== undefined) return objects([askRoute(written)])
  const match = matchRoute(app, method, path)
  if (match.kind === 'route') return objects([askRoute(match.route)])
  const label = `${method} ${path}`
  return {
    kind: 'refused',
    code: match.code,
    message: `No route answers ${label}.`,
    asked: { action: actions.callRoute, resource: arn.route(app.name, '', '-', label), context: {}, label },
  }
}

function describeUrl(app: App, method: string, url: string): ObjectDescription {
  const match = matchDoor(app, url, method)
  if (match.kind === 'door') return objects([askDoor(app, match.door.name, match.operation.name)])
  const label = `${method} ${url}`
  const asked: Asked = {
    action: actions.useDoor,
    resource: unlistedDoorArn(app, method, url, match.door?.name),
    context: {},
    label,
  }
  const message =
    match.door === undefined ? `No door leads to ${url}.` : `The door ${match.door.name} has no operation for ${label}.`
  return { kind: 'refused', code: match.code, message, asked }
}

/**
 * The resource of a request that no door operation answers: `arn:sallyport:door:checkout::stripe/GET https://…`.
 * `explain` reads the line that would list it from this name, so the egress door uses the same.
 */
export function unlistedDoorArn(app: App, method: string, url: string, door: string | undefined): string {
  return arn.door(app.name, door ?? '-', `${method} ${url}`)
}

function objects(list: readonly Asked[]): ObjectDescription {
  return { kind: 'objects', objects: list }
}

function unknown(message: string, written: string, known: readonly string[]): ObjectDescription {
  const suggestion = didYouMean(written, known)
  return { kind: 'unknown', message, ...(suggestion === undefined ? {} : { suggestion }) }
}
