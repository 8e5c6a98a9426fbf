import { contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { App, Permission, Table } from '../app.ts'
import { showPosition } from '../source/faults.ts'
import { tableVerbs } from '../source/grammar.ts'
import { listOf, text } from './read-context.ts'
import { fixOf } from './shell.ts'
import { reword } from './wording.ts'

type TablePermission = Extract<Permission, { kind: 'table' }>

/** Why a DynamoDB call was refused: the verb, the user, the row or the column, in that order. */
export function explainTable(reason: Reason, request: AccessRequest, app: App): Reason {
  const [resource = '', index] = request.resource.split('/index/')
  const table = app.tables.find(({ arn }) => arn === resource)
  const verb = Object.entries(tableVerbs).find(
    ([, action]) => action.toLowerCase() === request.action.toLowerCase(),
  )?.[0]
  const caller = app.functions.find(({ name }) => name === request.subject.name)
  if (table === undefined || verb === undefined || caller === undefined) return reason
  const facts = { subject: caller.name, object: `${table.name}.${verb}` }
  const permission = caller.can.find(
    (one): one is TablePermission => one.kind === 'table' && one.target === table.name && one.verb === verb,
  )
  if (permission === undefined) {
    const suggested = verb === 'scan' ? `${table.name}.scan(any)` : `${table.name}.${verb}(own)`
    return reword(reason, 'table.not_granted', facts, {
      at: showPosition(caller.at),
      ...fixOf('allow', caller.name, suggested),
    })
  }
  const at = { at: showPosition(permission.at) }
  const declared = table.indexes?.find(({ name }) => name === index)
  if (index !== undefined && declared === undefined)
    return reword(reason, 'table.index', { ...facts, detail: index }, { at: showPosition(table.at) })
  if (permission.rows === 'own' && declared !== undefined && declared.partitionKey !== table.partitionKey)
    return reword(reason, 'table.index_of_all', { ...facts, detail: declared.name }, at)
  const user = text(request, contextKeys.transactionUser)
  const keys = listOf(request, 'dynamodb:LeadingKeys')
  if (permission.rows === 'own' && user === undefined) return reword(reason, 'table.no_user', facts, at)
  const stray = strayColumns(permission, table, request)
  if (stray.length > 0) {
    const fix = fixOf('allow', caller.name, `${table.name}.${verb}(${stray.join(', ')})`)
    return reword(reason, 'table.column', { ...facts, detail: stray.join(', ') }, { ...at, ...fix })
  }
  if (permission.rows === 'own' && (keys.length === 0 || keys.some((key) => key !== user)))
    return reword(reason, 'table.not_own_row', facts, at)
  const returned = text(request, 'dynamodb:ReturnValues')
  if (
    permission.columns.length > 0 &&
    returned !== undefined &&
    !['NONE', 'UPDATED_OLD', 'UPDATED_NEW'].includes(returned)
  ) {
    return reword(reason, 'table.return_values', facts, at)
  }
  return { ...reason, ...at }
}

function strayColumns(permission: TablePermission, table: Table, request: AccessRequest): readonly string[] {
  if (permission.columns.length === 0) return []
  const known = [...permission.columns, table.partitionKey, ...(table.sortKey === undefined ? [] : [table.sortKey])]
  return listOf(request, 'dynamodb:Attributes').filter((column) => !known.includes(column))
}
