import { actions, arn, contextKeys, type Context } from '@sallyport/core/access'

import type { App, FunctionDeclaration, Route, Table } from '../app.ts'
import { tableVerbs, type TableVerb } from '../source/grammar.ts'

/** One thing that may be asked for: action, resource and the facts that come with it. */
export interface Asked {
  readonly action: string
  readonly resource: string
  readonly context: Context
  /** As a person writes it: `stripe.charge`, `POST /checkout`. */
  readonly label: string
}

/** Whose rows a hypothetical question is about, when the user served is `exampleUser`. */
export const exampleUser = 'somebody'
const otherUser = 'somebody-else'

/** The question that a caller of a route asks. */
export function askRoute(route: Route): Asked {
  return { action: actions.callRoute, resource: route.arn, context: {}, label: route.key }
}

/** The question that a caller of an operation asks. */
export function askOperation(app: App, one: FunctionDeclaration, operation: string): Asked {
  return {
    action: actions.invokeFunction,
    resource: arn.operation(app.name, one.zone, one.name, operation),
    context: {},
    label: `${one.name}.${operation}`,
  }
}

/** The question behind one request through a door. */
export function askDoor(app: App, door: string, operation: string): Asked {
  return {
    action: actions.useDoor,
    resource: arn.door(app.name, door, operation),
    context: {},
    label: `${door}.${operation}`,
  }
}

/**
 * The question behind one DynamoDB call, as the AWS door describes it. `rows` says whose; a scan names no keys.
 * Without columns the call touches the key attributes alone, which every grant of the verb covers.
 */
export function askTable(
  table: Table,
  verb: TableVerb,
  rows: 'own' | 'other' = 'own',
  columns: readonly string[] = [],
): Asked {
  const keys = table.sortKey === undefined ? [table.partitionKey] : [table.partitionKey, table.sortKey]
  const whose = rows === 'own' ? exampleUser : otherUser
  const inside = [...(rows === 'other' ? ['any'] : []), ...columns].join(', ')
  return {
    action: tableVerbs[verb],
    resource: table.arn,
    context: {
      ...(verb === 'scan' ? {} : { 'dynamodb:LeadingKeys': [whose] }),
      'dynamodb:Attributes': [...keys, ...columns],
      ...(verb === 'update' ? { 'dynamodb:ReturnValues': 'NONE' } : {}),
    },
    label: `${table.name}.${verb}${inside === '' ? '' : `(${inside})`}`,
  }
}

/** The facts of a call from a zone, or from the internet. */
export function fromZone(zone: string): Context {
  return { [contextKeys.sourceZone]: zone }
}
