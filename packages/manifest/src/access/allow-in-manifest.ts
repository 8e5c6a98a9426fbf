import type { App } from '../app.ts'
import { canonicalOrigin, matchDoor } from '../match/door.ts'
import { manifestFile } from '../read/load-manifest.ts'
import { tableVerbs } from '../source/grammar.ts'
import { didYouMean } from '../source/suggest.ts'
import { addEntry, addItem, flowText, replaceValue, type Edited } from './edit-yaml.ts'

export type Allowed =
  | {
      readonly ok: true
      /** The whole manifest, edited. Load it before it is written: its own invariants may say no. */
      readonly text: string
      /** The lines that are new or changed: `sallyport.yaml:71: …`. */
      readonly lines: readonly string[]
    }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string }

type Step = (text: string) => Edited

/**
 * Writes the one grant that is asked for into the manifest's text, and nothing else.
 * `payments stripe.refund` · `payments 'stripe.balance=GET /v1/balance'` · `payments 'acme.ping=GET https://api.acme.com/ping'`
 * · `orders payments.charge` · `orders 'orders-table.get(own)'` · `payments 'orders-table.update(total)'`
 * · `support 'POST /checkout'` · `customer@US 'POST /checkout'` · `public restricted` (zones).
 */
export function allowInManifest(text: string, subject: string, action: string, app: App): Allowed {
  const steps = plan(subject.trim(), action.trim(), app)
  if ('message' in steps) return { ok: false, ...steps }
  let edited = text
  const changed: string[] = []
  for (const step of steps.steps) {
    const next = step(edited)
    if (next === undefined) return { ok: false, message: 'The place to edit is written with an alias or in a form that cannot be extended; edit it by hand.' }
    changed.push(...changedLines(edited, next))
    edited = next
  }
  const all = edited.split(/\r?\n/)
  const numbers = [...new Set(changed.map((line) => all.indexOf(line)))].filter((index) => index >= 0).toSorted((a, b) => a - b)
  return { ok: true, text: edited, lines: numbers.map((index) => `${manifestFile}:${index + 1}: ${all[index]?.trim()}`) }
}

interface Plan { readonly steps: readonly Step[] }
interface Refusal { readonly message: string; readonly suggestion?: string }

function plan(subject: string, action: string, app: App): Plan | Refusal {
  if (action.includes('*')) return { message: 'There is no "*" in the grammar.', suggestion: 'name each thing that is granted' }
  const [, roleName = '', country] = /^([^@]*)(?:@([A-Z]{2}))?$/.exec(subject) ?? []
  if (app.people.some(({ name }) => name === roleName)) return planRoute(roleName, country, action, app)
  if (app.functions.some(({ name }) => name === subject)) return planFunction(subject, action, app)
  const zone = app.zones.find(({ name }) => name === action)
  if (zone !== undefined && (subject === 'internet' || app.zones.some(({ name }) => name === subject))) {
    return { steps: [(text) => addItem(text, ['zones', zone.name, 'from'], subject)] }
  }
  return unknown(`There is no function, role or zone "${subject}".`, subject, [...app.functions, ...app.people, ...app.zones])
}

function planRoute(role: string, country: string | undefined, action: string, app: App): Plan | Refusal {
  const owner = app.functions.find((one) => one.routes.some(({ key }) => key === action))
  if (owner === undefined) {
    return unknown(`There is no route "${action}".`, action, app.functions.flatMap((one) => one.routes.map(({ key }) => ({ name: key }))))
  }
  const countries = app.people.find(({ name }) => name === role)?.countries ?? []
  const steps: Step[] = [(text) => addItem(text, ['functions', owner.name, 'routes', action, 'who'], role)]
  // A role without countries may come from anywhere; a list would take that away.
  if (country !== undefined && countries.length > 0) steps.push((text) => addItem(text, ['people', role, 'countries'], country))
  return { steps }
}

function planFunction(subject: string, action: string, app: App): Plan | Refusal {
  const [, target = '', operation = '', method, place] =
    /^([a-z][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9_-]*)=([A-Z]+) (\S+)$/.exec(action) ?? []
  if (method !== undefined && place !== undefined) return planNewOperation(subject, { target, operation, method, place }, app)
  const [, name = '', verb = '', inside] = /^([a-z][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9_-]*)(?:\(([^()]*)\))?$/.exec(action) ?? []
  const granted: Plan = { steps: [(text) => addItem(text, ['functions', subject, 'can', name], verb)] }
  const door = app.doors.find((one) => one.name === name)
  if (door !== undefined) {
    if (door.ops.some((op) => op.name === verb)) return granted
    return { message: `The door ${name} has no operation "${verb}".`,
      suggestion: didYouMean(verb, door.ops.map((op) => op.name)) ?? `sallyport allow ${subject} '${name}.${verb}=GET /path'` }
  }
  const target2 = app.functions.find((one) => one.name === name)
  if (target2 !== undefined) return target2.offers.includes(verb) ? granted : unknown(`${name} offers no "${verb}".`, verb, target2.offers.map((offer) => ({ name: offer })))
  if (app.tables.some((one) => one.name === name)) return planTable(subject, name, verb, inside, app)
  return unknown(`There is no door, function or table "${name || action}".`, name || action, [...app.doors, ...app.functions, ...app.tables])
}

interface NewOperation { readonly target: string; readonly operation: string; readonly method: string; readonly place: string }

function planNewOperation(subject: string, { target, operation, method, place }: NewOperation, app: App): Plan | Refusal {
  const [, scheme, host, port, path = '/'] = /^(https):\/\/([A-Za-z0-9.-]+)(?::(\d+))?(\/.*)?$/.exec(place) ?? []
  const to = scheme === undefined || host === undefined ? undefined : canonicalOrigin(scheme, host, port)
  const known = app.doors.find((one) => (to === undefined ? one.name === target : one.to === to))
  const route = to === undefined ? place : path
  if (known === undefined && to === undefined) return unknown(`There is no door "${target}".`, target, app.doors)
  if (!route.startsWith('/')) return { message: `"${route}" is not a path.`, suggestion: 'GET /v1/balance' }
  const door = known?.name ?? target
  const existing = known?.ops.find((op) => op.name === operation)
  if (existing !== undefined && (existing.method !== method || existing.path !== route)) {
    return { message: `${door}.${operation} is ${existing.method} ${existing.path} already.`, suggestion: 'choose another name for the operation' }
  }
  const answered = known === undefined ? undefined : matchDoor(app, `${known.to}${route}`, method)
  const name = answered?.kind === 'door' ? answered.operation.name : operation
  const listed: Step[] = known === undefined
    ? [(text) => addEntry(text, ['doors', door], `{ to: ${flowText(to ?? '')}, ops: { ${flowText(operation)}: ${flowText(`${method} ${route}`)} } }`)]
    : answered?.kind === 'door' ? [] : [(text) => addEntry(text, ['doors', door, 'ops', operation], flowText(`${method} ${route}`))]
  return { steps: [...listed, (text) => addItem(text, ['functions', subject, 'can', door], name)] }
}

function planTable(subject: string, table: string, verb: string, inside: string | undefined, app: App): Plan | Refusal {
  if (!Object.hasOwn(tableVerbs, verb)) return unknown(`A table has no verb "${verb}".`, verb, Object.keys(tableVerbs).map((name) => ({ name })))
  const words = (inside ?? '').split(',').map((word) => word.trim()).filter((word) => word !== '')
  const columns = words.filter((word) => word !== 'own' && word !== 'any')
  if (columns.length > 0 && verb !== 'update') return { message: 'Columns go with update only.' }
  const rows = words.includes('any') || (inside === undefined && verb === 'scan') ? 'any' : 'own'
  if (verb === 'scan' && rows === 'own') return { message: 'A scan reads every row, so it cannot keep to the own ones.', suggestion: `${table}.query(own)` }
  const path = ['functions', subject, 'can', table]
  const held = app.functions.find(({ name }) => name === subject)?.can.flatMap((one) => (one.kind === 'table' && one.target === table ? [one] : [])) ?? []
  const existing = held.find((one) => one.verb === verb)
  if (existing === undefined) {
    const value = columns.length > 0 ? `{ rows: ${rows}, columns: [${columns.map(flowText).join(', ')}] }` : rows
    // A list of verbs means any rows; it becomes a map so that this one may say otherwise.
    const asMap: Step = (text) => (held.length === 0 ? text : addEntry(text, [...path, verb], value) ??
      replaceValue(text, path, `{ ${[...held.map((one) => `${one.verb}: any`), `${verb}: ${value}`].join(', ')} }`))
    return { steps: [held.length === 0 ? (text) => addEntry(text, [...path, verb], value) : asMap] }
  }
  if (columns.length > 0 && existing.columns.length > 0) {
    return { steps: columns.map((column): Step => (text) => addItem(text, [...path, verb, 'columns'], column)) }
  }
  if (rows === 'any' && existing.rows === 'own') {
    return { steps: [(text) => (existing.columns.length > 0 || existing.exceptRoles.length > 0
      ? replaceValue(text, [...path, verb], existing.columns.length > 0 ? `{ rows: any, columns: [${existing.columns.map(flowText).join(', ')}] }` : 'any')
      : replaceValue(text, [...path, verb], 'any'))] }
  }
  return { steps: [] }
}

function unknown(message: string, written: string, known: readonly { readonly name: string }[]): Refusal {
  const suggestion = didYouMean(written, known.map(({ name }) => name))
  return { message, ...(suggestion === undefined ? {} : { suggestion }) }
}

function changedLines(before: string, after: string): readonly string[] {
  const old = before.split(/\r?\n/)
  const now = after.split(/\r?\n/)
  let start = 0
  while (start < now.length && old[start] === now[start]) start++
  let end = 0
  while (end < now.length - start && end < old.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++
  return now.slice(start, now.length - end)
}
