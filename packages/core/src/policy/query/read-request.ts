import type { AccessRequest, Context, ContextValue } from '@sallyport/core/access'

import type { Finding } from '../fault.ts'
import { linkedSessionId, readCaller } from '../match/caller.ts'
import { type Findings, note, type Place, readElements, readObject, readText } from '../read/findings.ts'
import type { JsonNode } from '../read/json.ts'

const requestElements = ['principal', 'action', 'resource', 'context'] as const
type Element = (typeof requestElements)[number]
const resourceElements = ['arn', 'accountId'] as const

/**
 * Reads the request of a query. Adversary: an ill-made question that seems to be answered, such as a misspelt context
 * key that a condition then takes for absent.
 */
export function readRequest(
  node: JsonNode,
): { readonly request: AccessRequest } | { readonly findings: readonly Finding[] } {
  const findings: Findings = []
  const at: Place = { path: 'request', at: node.at }
  const members = readObject(findings, node, at, 'request is a JSON object')
  const elements =
    members === undefined ? new Map<Element, JsonNode>() : readElements(findings, members, at, requestElements)
  const text = (name: Element): string => {
    const element = elements.get(name)
    if (element !== undefined) return readText(findings, element, placeOf(name, element)) ?? ''
    note(findings, 'policy.missing_element', at, `the request has no ${name}`)
    return ''
  }
  const principal = text('principal')
  const action = text('action')
  const resource = readResource(findings, elements.get('resource'), at)
  const context = readContext(findings, elements.get('context'))
  check(findings, elements, { principal, action })
  if (findings.length > 0) return { findings }
  const id = callerId(principal, context)
  return {
    request: {
      id: 'query',
      transaction: 'query',
      subject: { kind: 'operator', id, name: id, roles: [] },
      action,
      resource: resource.arn,
      resourceAccount: resource.account,
      context,
      actors: [],
    },
  }
}

/**
 * A twelve-digit account alone stands for its root user, as it does in a policy. A session whose `aws:PrincipalArn` is
 * a role that a service keeps for itself is that role's.
 */
function callerId(principal: string, context: Context): string {
  if (/^\d{12}$/.test(principal)) return `arn:aws:iam::${principal}:root`
  const [, role] = Object.entries(context).find(([key]) => key.toLowerCase() === 'aws:principalarn') ?? []
  return (typeof role === 'string' ? linkedSessionId(principal, role) : undefined) ?? principal
}

function check(
  findings: Findings,
  elements: ReadonlyMap<Element, JsonNode>,
  { principal, action }: { readonly principal: string; readonly action: string },
): void {
  const place = (name: Element): Place => ({ path: `request.${name}`, at: elements.get(name)?.at ?? 0 })
  const isKnown = readCaller(principal).kind !== 'other' || /^\d{12}$/.test(principal)
  if (principal !== '' && !isKnown) {
    const forms =
      'the ARN of a user, role, role session, federated user, root or identity provider, a service, or anonymous'
    note(
      findings,
      'policy.invalid_principal',
      place('principal'),
      `${JSON.stringify(principal.slice(0, 120))} is not ${forms}`,
    )
  }
  if (action !== '' && !/^[A-Za-z0-9-]+:[A-Za-z0-9_.:/-]+$/.test(action)) {
    note(
      findings,
      'policy.invalid_action',
      place('action'),
      `${JSON.stringify(action.slice(0, 120))} is not one action, service:Name`,
    )
  }
}

function readResource(
  findings: Findings,
  node: JsonNode | undefined,
  request: Place,
): { readonly arn: string; readonly account: string } {
  const nothing = { arn: '', account: '' }
  if (node === undefined) {
    note(findings, 'policy.missing_element', request, 'the request has no resource')
    return nothing
  }
  const at = placeOf('resource', node)
  // A text alone is its ARN.
  const isText = node.kind === 'string'
  const members = isText ? undefined : readObject(findings, node, at, 'resource is { "arn": …, "accountId": … }')
  if (members === undefined && !isText) return nothing
  const elements = members === undefined ? noElements : readElements(findings, members, at, resourceElements)
  const given = isText ? node : elements.get('arn')
  const arn = given === undefined ? undefined : readText(findings, given, { ...at, at: given.at })
  if (given === undefined) note(findings, 'policy.missing_element', at, 'the resource has no arn')
  if (arn !== undefined && arn !== '*' && !(arn.startsWith('arn:') && arn.split(':').length >= 6)) {
    note(
      findings,
      'policy.invalid_arn',
      at,
      `${JSON.stringify(arn.slice(0, 120))} is neither an ARN of six parts nor "*"`,
    )
  }
  const account = elements.get('accountId')
  const said =
    account === undefined || account.kind === 'null'
      ? undefined
      : readText(findings, account, placeOf('resource.accountId', account))
  const owner = said ?? arn?.split(':')[4] ?? ''
  const isOurs = arn?.startsWith('arn:sallyport:') === true
  if (arn !== undefined && !isOurs && !/^\d{12}$/.test(owner)) {
    note(
      findings,
      'policy.invalid_value',
      at,
      'the resource needs its accountId of twelve digits: its ARN names no account',
    )
  }
  return { arn: arn ?? '', account: owner }
}

const noElements: ReadonlyMap<(typeof resourceElements)[number], JsonNode> = new Map()

function readContext(findings: Findings, node: JsonNode | undefined): Context {
  if (node === undefined || node.kind === 'null') return {}
  const members = readObject(findings, node, placeOf('context', node), 'context is an object of keys and values')
  const entries: [string, ContextValue][] = []
  for (const { key, at, value } of members?.members ?? []) {
    const place: Place = { path: `request.context.${key}`, at }
    // As everywhere in a query, what is null is not there.
    if (value.kind === 'null') continue
    if (entries.some(([known]) => known.toLowerCase() === key.toLowerCase())) {
      note(findings, 'policy.duplicate_key', place, `context key ${JSON.stringify(key)} is given twice`)
    }
    const items = value.kind === 'array' ? value.items : [value]
    const scalars = items.flatMap((item) =>
      'value' in item ? [item.kind === 'number' ? exact(item.raw) : item.value] : [],
    )
    if (scalars.length < items.length) {
      note(findings, 'policy.wrong_type', place, 'a context value is a string, a number, a boolean, or a list of them')
    }
    const [only = ''] = scalars
    entries.push([key, value.kind === 'array' ? scalars.map(String) : only])
  }
  return Object.fromEntries(entries)
}

/** Where a member of the request stands. */
function placeOf(name: string, node: JsonNode): Place {
  return { path: `request.${name}`, at: node.at }
}

/** A number, or where a double would lose digits, the digits: a numeric operator reads both. */
function exact(raw: string): string | number {
  return String(Number(raw)) === raw ? Number(raw) : raw
}
