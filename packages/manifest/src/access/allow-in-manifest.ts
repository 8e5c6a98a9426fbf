import type { App } from '../app.ts'
import { manifestFile } from '../read/load-manifest.ts'
import { didYouMean } from '../source/suggest.ts'
import { addItem } from './edit-yaml.ts'
import { grantSteps, planNewOperation, planTable, unknown, type Plan, type Refusal, type Step } from './plan-grant.ts'

/** The manifest with the grant written into it, or why no line would say so. Nothing is written to disk. */
export type Allowed =
  | {
      readonly ok: true
      /** The whole manifest, edited. Load it before it is written: its own invariants may say no. */
      readonly text: string
      /** The lines that are new or changed: `sallyport.yaml:71: …`. */
      readonly lines: readonly string[]
    }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string }

/**
 * Writes the one grant that is asked for into the manifest's text, and nothing else.
 * `payments stripe.refund` · `payments 'stripe.balance=GET /v1/balance'` ·
 * `payments 'acme.ping=GET https://api.acme.com/ping'` · `orders payments.charge` ·
 * `orders 'orders-table.get(own)'` · `payments 'orders-table.update(total)'` ·
 * `support 'POST /checkout'` · `customer@US 'POST /checkout'` · `public restricted` (zones).
 */
export function allowInManifest(text: string, subject: string, action: string, app: App): Allowed {
  const planned = plan(subject.trim(), action.trim(), app)
  return 'message' in planned ? { ok: false, ...planned } : take(text, planned.steps)
}

/** Writes one more request header into what a door lets through. */
export function acceptInManifest(text: string, door: string, header: string): Allowed {
  return take(text, [(before) => addItem(before, ['doors', door, 'accept'], header)])
}

function take(text: string, steps: readonly Step[]): Allowed {
  let edited = text
  const changed: string[] = []
  for (const step of steps) {
    const next = step(edited)
    if (next === undefined)
      return {
        ok: false,
        message: 'The place to edit is written with an alias or in a form that cannot be extended; edit it by hand.',
      }
    changed.push(...changedLines(edited, next))
    edited = next
  }
  const all = edited.split(/\r?\n/)
  const numbers = [...new Set(changed.map((line) => all.indexOf(line)))]
    .filter((index) => index >= 0)
    .toSorted((a, b) => a - b)
  return {
    ok: true,
    text: edited,
    lines: numbers.map((index) => `${manifestFile}:${index + 1}: ${all[index]?.trim()}`),
  }
}

function plan(subject: string, action: string, app: App): Plan | Refusal {
  if (action.includes('*'))
    return { message: 'There is no "*" in the grammar.', suggestion: 'name each thing that is granted' }
  const [, roleName = '', country] = /^([^@]*)(?:@([A-Z]{2}))?$/.exec(subject) ?? []
  if (app.people.some(({ name }) => name === roleName)) return planRoute(roleName, country, action, app)
  if (app.functions.some(({ name }) => name === subject)) return planFunction(subject, action, app)
  const zone = app.zones.find(({ name }) => name === action)
  if (zone !== undefined && (subject === 'internet' || app.zones.some(({ name }) => name === subject))) {
    return { steps: [(text) => addItem(text, ['zones', zone.name, 'from'], subject)] }
  }
  return unknown(`There is no function, role or zone "${subject}".`, subject, [
    ...app.functions,
    ...app.people,
    ...app.zones,
  ])
}

function planRoute(role: string, country: string | undefined, action: string, app: App): Plan | Refusal {
  const owner = app.functions.find((one) => one.routes.some(({ key }) => key === action))
  if (owner === undefined) {
    return unknown(
      `There is no route "${action}".`,
      action,
      app.functions.flatMap((one) => one.routes.map(({ key }) => ({ name: key }))),
    )
  }
  const countries = app.people.find(({ name }) => name === role)?.countries ?? []
  const steps: Step[] = [(text) => addItem(text, ['functions', owner.name, 'routes', action, 'who'], role)]
  // A role without countries may come from anywhere; a list would take that away.
  if (country !== undefined && countries.length > 0)
    steps.push((text) => addItem(text, ['people', role, 'countries'], country))
  return { steps }
}

function planFunction(subject: string, action: string, app: App): Plan | Refusal {
  const [, target = '', operation = '', method, place] =
    /^([a-z][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9_-]*)=([A-Z]+) (\S+)$/.exec(action) ?? []
  if (method !== undefined && place !== undefined)
    return planNewOperation(subject, { target, operation, method, place }, app)
  const [, name = '', verb = '', inside] =
    /^([a-z][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9_-]*)(?:\(([^()]*)\))?$/.exec(action) ?? []
  const granted: Plan = { steps: grantSteps(subject, name, verb, app) }
  const door = app.doors.find((one) => one.name === name)
  if (door !== undefined) {
    if (door.ops.some((op) => op.name === verb)) return granted
    return {
      message: `The door ${name} has no operation "${verb}".`,
      suggestion:
        didYouMean(
          verb,
          door.ops.map((op) => op.name),
        ) ?? `say what it sends, as in sallyport allow ${subject} '${name}.${verb}=GET /path'`,
    }
  }
  const target2 = app.functions.find((one) => one.name === name)
  if (target2 !== undefined)
    return target2.offers.includes(verb)
      ? granted
      : unknown(
          `${name} offers no "${verb}".`,
          verb,
          target2.offers.map((offer) => ({ name: offer })),
        )
  if (app.tables.some((one) => one.name === name)) return planTable(subject, name, verb, inside, app)
  return unknown(`There is no door, function or table "${name || action}".`, name || action, [
    ...app.doors,
    ...app.functions,
    ...app.tables,
  ])
}

function changedLines(before: string, after: string): readonly string[] {
  const old = before.split(/\r?\n/)
  const now = after.split(/\r?\n/)
  let start = 0
  while (start < now.length && old[start] === now[start]) start++
  let end = 0
  while (
    end < now.length - start &&
    end < old.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  )
    end++
  return now.slice(start, now.length - end)
}
