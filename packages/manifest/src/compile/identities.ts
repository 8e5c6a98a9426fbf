import { actions, arn, contextKeys } from '@sallyport/core/access'
import type { NamedPolicy, Statement } from '@sallyport/core/policy'

import type { App, AttachedPolicy, FunctionDeclaration, Permission, Table } from '../app.ts'
import type { Keyed } from '../keyed.ts'
import { tableVerbs, type TableVerb } from '../source/grammar.ts'
import { both, forPeople, transactionRoleCondition, type Condition } from './conditions.ts'
import { compileGuestsOf } from './guests.ts'
import { countingAs } from './inheritance.ts'
import type { Rules } from './rules.ts'

type TablePermission = Extract<Permission, { kind: 'table' }>

/** `can` → identity policies, with the documents under `policies` beside them. */
export function compileIdentities(app: App, rules: Rules): readonly (readonly [string, readonly NamedPolicy[]])[] {
  return app.functions.map((one) => {
    const statement = one.can.flatMap((permission) => compilePermission(app, one, permission, rules))
    const own: NamedPolicy[] =
      statement.length === 0
        ? []
        : [{ name: `can/${one.name}`, document: { Version: '2012-10-17', Statement: statement } }]
    return [
      one.arn,
      [
        ...own,
        ...(one.identityPolicies ?? []).map((policy) => compileAttached(policy, one.name, rules)),
        ...compileGuestsOf(app, one.name, rules),
      ],
    ] as const
  })
}

/** An attached document, word for word, but for Sids that are unique in the app. */
export function compileAttached(policy: AttachedPolicy, to: string, rules: Rules): NamedPolicy {
  const statement = policy.document.Statement.map(({ Sid, ...rest }, index) =>
    rules.statement(
      ['attached', to, policy.name, Sid ?? String(index + 1)],
      policy.statementsAt[index] ?? { file: policy.name, line: 1, column: 1 },
      rest,
    ),
  )
  return { name: policy.name, document: { ...policy.document, Statement: statement } }
}

function compilePermission(
  app: App,
  one: FunctionDeclaration,
  permission: Permission,
  rules: Rules,
): readonly Statement[] {
  switch (permission.kind) {
    case 'door':
      return forPeople(app, permission.forRoles).map(({ parts, conditioned }) =>
        rules.statement(['can', one.name, permission.target, permission.operation, ...parts], permission.at, {
          Effect: 'Allow',
          Action: actions.useDoor,
          Resource: arn.door(app.name, permission.target, permission.operation),
          ...conditioned,
        }),
      )
    case 'function': {
      const target = app.functions.find(({ name }) => name === permission.target)
      return target === undefined
        ? []
        : forPeople(app, permission.forRoles).map(({ parts, conditioned }) =>
            rules.statement(['can', one.name, target.name, permission.operation, ...parts], permission.at, {
              Effect: 'Allow',
              Action: actions.invokeFunction,
              Resource: arn.operation(app.name, target.zone, target.name, permission.operation),
              ...conditioned,
            }),
          )
    }
    case 'table': {
      const table = app.tables.find(({ name }) => name === permission.target)
      return table === undefined ? [] : compileTable(app, one, permission, table, rules)
    }
  }
}

function compileTable(
  app: App,
  one: FunctionDeclaration,
  permission: TablePermission,
  table: Table,
  rules: Rules,
): readonly Statement[] {
  const verb = isVerb(permission.verb) ? tableVerbs[permission.verb] : undefined
  // A verb without an action grants nothing; the reader has refused it before.
  if (verb === undefined) return []
  const { indexes = [] } = table
  // An index that is keyed by another column has rows of everybody under each of its keys.
  const alike = indexes.filter(({ partitionKey }) => partitionKey === table.partitionKey)
  const columns = columnCondition(permission, table)
  const name = (suffix: string): readonly string[] => ['can', one.name, table.name, permission.verb, suffix]
  const statement = (suffix: string, condition: Condition, through = indexes): Statement =>
    rules.statement(name(suffix), permission.at, {
      Effect: 'Allow',
      Action: verb,
      Resource: readsIndexes(permission.verb) ? withIndexes(table, through) : table.arn,
      ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
    })
  if (permission.rows === 'any') return [statement('any', columns)]
  const exceptions = countingAs(app, permission.exceptRoles)
  return [
    statement('own', both(ownRows, columns), alike),
    ...exceptions.map((role) => statement(`for-${role.name}`, both(transactionRoleCondition(role), columns))),
  ]
}

/**
 * Equality, with presence demanded. `ForAllValues` alone is true of an absent key, so a call whose rows cannot be
 * told, or that serves nobody, would otherwise be everybody's (DESIGN §3, `own`).
 */
const ownRows: Condition = {
  'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [`\${${contextKeys.transactionUser}}`] },
  Null: { 'dynamodb:LeadingKeys': 'false', [contextKeys.transactionUser]: 'false' },
}

/** Columns bound what is written, so they also bound what comes back: ALL_NEW would reveal the other columns. */
function columnCondition(permission: TablePermission, table: Table): Condition {
  if (permission.columns.length === 0) return {}
  const keys = table.sortKey === undefined ? [table.partitionKey] : [table.partitionKey, table.sortKey]
  return {
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': [...new Set([...permission.columns, ...keys])] },
    Null: { 'dynamodb:Attributes': 'false' },
    StringEqualsIfExists: { 'dynamodb:ReturnValues': ['NONE', 'UPDATED_OLD', 'UPDATED_NEW'] },
  }
}

function readsIndexes(verb: string): boolean {
  return verb === 'query' || verb === 'scan'
}

/** One ARN stays a text, as it is written by hand. */
function withIndexes({ arn: table }: Table, indexes: readonly Keyed[]): string | string[] {
  return indexes.length === 0 ? table : [table, ...indexes.map(({ name }) => `${table}/index/${name}`)]
}

function isVerb(verb: string): verb is TableVerb {
  return Object.hasOwn(tableVerbs, verb)
}
