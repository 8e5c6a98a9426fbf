import type { App } from '../app.ts'
import { canonicalOrigin, matchDoor } from '../match/door.ts'
import { tableVerbs } from '../source/grammar.ts'
import { didYouMean } from '../source/suggest.ts'
import { addEntry, addItem, flowText, replaceValue, type Edited } from './edit-yaml.ts'

/** One edit of the manifest's text. */
export type Step = (text: string) => Edited

/** The edits that make one grant; none when it is granted already. */
export interface Plan {
  readonly steps: readonly Step[]
}
/** Why nothing can be granted. */
export interface Refusal {
  readonly message: string
  readonly suggestion?: string
}

/** `stripe.balance=GET /v1/balance`, taken apart; `place` is a path, or a URL where there may be no door yet. */
export interface NewOperation {
  readonly target: string
  readonly operation: string
  readonly method: string
  readonly place: string
}

/** Lists an operation at a door, makes the door where none leads to the host, and grants it. */
export function planNewOperation(
  subject: string,
  { target, operation, method, place }: NewOperation,
  app: App,
): Plan | Refusal {
  const [, scheme, host, port, path = '/'] = /^(https):\/\/([A-Za-z0-9.-]+)(?::(\d+))?(\/.*)?$/.exec(place) ?? []
  const to = scheme === undefined || host === undefined ? undefined : canonicalOrigin(scheme, host, port)
  const known = app.doors.find((one) => (to === undefined ? one.name === target : one.to === to))
  const route = to === undefined ? place : path
  if (known === undefined && to === undefined) return unknown(`There is no door "${target}".`, target, app.doors)
  if (!route.startsWith('/')) return { message: `"${route}" is not a path.`, suggestion: 'GET /v1/balance' }
  const door = known?.name ?? target
  const existing = known?.ops.find((op) => op.name === operation)
  if (existing !== undefined && (existing.method !== method || existing.path !== route)) {
    return {
      message: `${door}.${operation} is ${existing.method} ${existing.path} already.`,
      suggestion: 'choose another name for the operation',
    }
  }
  const answered = known === undefined ? undefined : matchDoor(app, `${known.to}${route}`, method)
  const name = answered?.kind === 'door' ? answered.operation.name : operation
  const listed: Step[] =
    known === undefined
      ? [
          (text) =>
            addEntry(
              text,
              ['doors', door],
              `{ to: ${flowText(to ?? '')}, ops: { ${flowText(operation)}: ${flowText(`${method} ${route}`)} } }`,
            ),
        ]
      : answered?.kind === 'door'
        ? []
        : [(text) => addEntry(text, ['doors', door, 'ops', operation], flowText(`${method} ${route}`))]
  return { steps: [...listed, ...grantSteps(subject, door, name, app)] }
}

/**
 * Grants an operation of a door or a function: one more item where operations stand in a list, one more entry where
 * they stand in a map. A grant that is tied to roles becomes one for anybody, for that is what is asked for.
 */
export function grantSteps(subject: string, target: string, operation: string, app: App): readonly Step[] {
  const path = ['functions', subject, 'can', target]
  const held = app.functions
    .find(({ name }) => name === subject)
    ?.can.find((one) => one.kind !== 'table' && one.target === target && one.operation === operation)
  if (held === undefined)
    return [(text) => addItem(text, path, operation) ?? addEntry(text, [...path, operation], 'any')]
  const tied = held.kind !== 'table' && held.forRoles.length > 0
  return tied ? [(text) => replaceValue(text, [...path, operation], 'any')] : []
}

/** A table verb: `own` unless `any` is written; columns are added to those that there are. */
export function planTable(
  subject: string,
  table: string,
  verb: string,
  inside: string | undefined,
  app: App,
): Plan | Refusal {
  if (!Object.hasOwn(tableVerbs, verb))
    return unknown(
      `A table has no verb "${verb}".`,
      verb,
      Object.keys(tableVerbs).map((name) => ({ name })),
    )
  const words = (inside ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const columns = words.filter((word) => word !== 'own' && word !== 'any')
  if (columns.length > 0 && verb !== 'update') return { message: 'Columns go with update only.' }
  const rows = words.includes('any') || (inside === undefined && verb === 'scan') ? 'any' : 'own'
  if (verb === 'scan' && rows === 'own')
    return { message: 'A scan reads every row, so it cannot keep to the own ones.', suggestion: `${table}.query(own)` }
  const path = ['functions', subject, 'can', table]
  const held =
    app.functions
      .find(({ name }) => name === subject)
      ?.can.flatMap((one) => (one.kind === 'table' && one.target === table ? [one] : [])) ?? []
  const existing = held.find((one) => one.verb === verb)
  if (existing === undefined) {
    const value = columns.length > 0 ? `{ rows: ${rows}, columns: [${columns.map(flowText).join(', ')}] }` : rows
    // A list of verbs means any rows; it becomes a map so that this one may say otherwise.
    const asMap: Step = (text) =>
      held.length === 0
        ? text
        : (addEntry(text, [...path, verb], value) ??
          replaceValue(text, path, `{ ${[...held.map((one) => `${one.verb}: any`), `${verb}: ${value}`].join(', ')} }`))
    return { steps: [held.length === 0 ? (text) => addEntry(text, [...path, verb], value) : asMap] }
  }
  if (columns.length > 0 && existing.columns.length > 0) {
    return {
      steps: columns.map(
        (column): Step =>
          (text) =>
            addItem(text, [...path, verb, 'columns'], column),
      ),
    }
  }
  if (rows === 'any' && existing.rows === 'own') {
    return {
      steps: [
        (text) =>
          existing.columns.length > 0 || existing.exceptRoles.length > 0
            ? replaceValue(
                text,
                [...path, verb],
                existing.columns.length > 0
                  ? `{ rows: any, columns: [${existing.columns.map(flowText).join(', ')}] }`
                  : 'any',
              )
            : replaceValue(text, [...path, verb], 'any'),
      ],
    }
  }
  return { steps: [] }
}

/** A refusal that names the nearest known name. */
export function unknown(message: string, written: string, known: readonly { readonly name: string }[]): Refusal {
  const suggestion = didYouMean(
    written,
    known.map(({ name }) => name),
  )
  return { message, ...(suggestion === undefined ? {} : { suggestion }) }
}
