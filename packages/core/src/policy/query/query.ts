import type { AccessRequest, Decision, Layer, Reason } from '@sallyport/core/access'

import { type ActionCatalogue, knownAction } from '../catalogue.ts'
import { allowing, decide, missingKeys } from '../decide/decide.ts'
import { assemble, type LayerSet, type LayerSets, type PolicySet } from '../decide/policy-set.ts'
import { type Finding, type PolicyFault, positionOf } from '../fault.ts'
import { parseJson } from '../read/json.ts'
import { nearestWord } from '../read/suggest.ts'
import { straighten } from '../read/typography.ts'
import { rawMembers, type Span } from './raw-members.ts'
import { type LayerMember, layerMembers, readLayer, type ReadLayer } from './read-layers.ts'
import { readRequest } from './read-request.ts'

/** What is answered to one query. The query's own `id`, if it has one, comes back with it. */
export interface Answer {
  readonly id?: string | number
  readonly effect: 'allow' | 'deny'
  /** Whether a statement said Deny. */
  readonly explicit: boolean
  /** The layer that decided; `none` where the query could not be asked. */
  readonly layer: Layer | 'none'
  readonly reasons: readonly Reason[]
  /** Context keys that the policies ask for and the request does not have; left out where there are none. */
  readonly missingContext?: readonly string[]
  /** Why the query could not be asked. It then counts as denied. */
  readonly error?: QueryError
}

/** All that is wrong with a query; each fault has the member as its policy, and a line and column of the text. */
export interface QueryError {
  readonly code: PolicyFault['code']
  readonly message: string
  readonly faults: readonly PolicyFault[]
  /** The text as it was meant, where a word processor has beautified it. */
  readonly corrected?: string
}

/** Characters of policy text that are remembered compiled. */
const mostRemembered = 4 * 1024 * 1024

/**
 * Answers queries: policies and a request as one JSON object (docs/decide.md has the format). Policies that were seen
 * before, character for character, are not read again. An action that takes no resource, as the catalogue knows, is
 * judged on `*`, or what else AWS asks it for, whatever the query names.
 */
export function makeAnswerer(catalogue?: ActionCatalogue): (text: string) => Answer {
  const compiled = new Map<string, ReadLayer>()
  let remembered = 0
  const layerOf = (name: string, member: LayerMember, raw: string): ReadLayer | undefined => {
    const key = `${member.kind} ${raw}`
    const known = compiled.get(key)
    if (known !== undefined) return known
    const parsed = parseJson(raw)
    if ('problem' in parsed) return undefined
    const layer = readLayer(name, member, parsed.node)
    if (remembered + key.length > mostRemembered) {
      compiled.clear()
      remembered = 0
    }
    remembered += key.length
    compiled.set(key, layer)
    return layer
  }
  return (text) => answer(text, layerOf, catalogue)
}

type LayerOf = (name: string, member: LayerMember, raw: string) => ReadLayer | undefined

function answer(text: string, layerOf: LayerOf, catalogue: ActionCatalogue | undefined): Answer {
  const members = rawMembers(text)
  if (members === undefined) return unreadable(text)
  const faults: PolicyFault[] = []
  const report = (policy: string, findings: readonly Finding[], offset: number): void => {
    for (const { at, ...finding } of findings) faults.push({ ...finding, policy, ...positionOf(text, at + offset) })
  }
  const slice = ({ from, to }: Span): string => text.slice(from, to)

  const idSpan = members.get('id')
  const id = idSpan === undefined ? undefined : parseJson(slice(idSpan))
  if (id !== undefined && 'problem' in id) return unreadable(text)
  const given = id?.node.kind === 'string' || id?.node.kind === 'number' ? { id: id.node.value } : {}
  const span = members.get('request')
  const request = span === undefined ? undefined : parseJson(slice(span))
  if (request !== undefined && 'problem' in request) return unreadable(text)
  const read = request === undefined ? undefined : readRequest(request.node)
  if (read === undefined || span === undefined) {
    report('query', [{ code: 'policy.missing_element', message: 'the query has no request', path: '', at: 0 }], 0)
  } else if ('findings' in read) report('request', read.findings, span.from)

  const sets: { -readonly [Name in keyof LayerSets]: LayerSets[Name] } = {}
  for (const [name, where] of members) {
    if (name === 'id' || name === 'request') continue
    const member = memberOf(name, read)
    if (member === undefined) {
      const suggestion = nearestWord(name, known)
      const message = `a query has no member ${JSON.stringify(name)}`
      const finding: Finding = { code: 'policy.unknown_element', message, path: name, at: where.from }
      report('query', [suggestion === undefined ? finding : { ...finding, suggestion }], 0)
      continue
    }
    const layer = layerOf(name, member, slice(where))
    if (layer === undefined) return unreadable(text)
    if (layer.ok) put(sets, member, layer.sets)
    else {
      report(name, layer.findings, where.from)
      faults.push(...layer.inner)
    }
  }
  if (faults.length > 0 || read === undefined || 'findings' in read) return { ...given, ...refused(faults) }
  return { ...given, ...decided(assemble(sets), onItsResource(read.request, catalogue)) }
}

const known: readonly string[] = [...Object.keys(layerMembers), 'request', 'id']

function memberOf(name: string, read: ReturnType<typeof readRequest> | undefined): LayerMember | undefined {
  const member = Object.entries(layerMembers).find(([one]) => one === name)?.[1]
  const resource = read !== undefined && 'request' in read ? read.request.resource : ''
  // What is attached to a role is its trust policy.
  const isRole = /^arn:aws[a-z-]*:iam::[^:]*:role\//.test(resource)
  return member?.kind === 'resource' && isRole ? { ...member, kind: 'trust' } : member
}

function put(
  sets: { -readonly [Name in keyof LayerSets]: LayerSets[Name] },
  { layer, shape }: LayerMember,
  compiled: readonly LayerSet[] | undefined,
): void {
  if (compiled === undefined) return
  if (shape === 'levels' && (layer === 'serviceControl' || layer === 'resourceControl')) sets[layer] = compiled
  else if (layer !== 'serviceControl' && layer !== 'resourceControl') sets[layer] = compiled[0]
}

/** What takes no resource is asked for on everything (IAM, "Resource": "actions that don't support resources"). */
function onItsResource(request: AccessRequest, catalogue: ActionCatalogue | undefined): AccessRequest {
  const action = knownAction(catalogue, request.action)
  if (action?.resources.length !== 0) return request
  const [, partition = 'aws'] = /^arn:(aws[a-z-]*):/.exec(request.subject.id) ?? []
  return { ...request, resource: action.askedOn?.replace(/^arn:aws:/, `arn:${partition}:`) ?? '*' }
}

function decided(set: PolicySet, request: AccessRequest): Answer {
  const decision = decide(set, [request])
  const missing = missingKeys(set, request)
  return { ...verdictOf(decision, set, request), ...(missing.length === 0 ? {} : { missingContext: missing }) }
}

function verdictOf(decision: Decision, set: PolicySet, request: AccessRequest): Answer {
  if (decision.effect === 'deny') {
    const { effect, explicit, layer, reasons } = decision
    return { effect, explicit, layer, reasons }
  }
  const [reason] = decision.reasons
  const others = allowing(set, request).filter((other) => other !== reason)
  return { effect: 'allow', explicit: true, layer: reason?.layer ?? 'none', reasons: [...decision.reasons, ...others] }
}

/** Not JSON, or not plainly an object: the strict parser finds where, and whether typography is to blame. */
function unreadable(text: string): Answer {
  const parsed = parseJson(text)
  const problem: Omit<Finding, 'path'> =
    'problem' in parsed
      ? parsed.problem
      : { code: 'policy.wrong_type', message: 'a query is a JSON object whose members each stand once', at: 0 }
  const straight = straighten(text)
  const isTypography = straight !== undefined && 'problem' in parsed && rawMembers(straight.text) !== undefined
  const finding = isTypography
    ? {
        code: 'policy.typographic_quotes' as const,
        message: 'the text has typographic quotes or dashes',
        at: straight.at,
      }
    : problem
  const { at, ...fault } = finding
  const found: PolicyFault = { ...fault, policy: 'query', path: '', ...positionOf(text, at) }
  return refused([isTypography ? { ...found, corrected: straight.text } : found])
}

function refused(faults: readonly PolicyFault[]): Answer {
  const [first] = faults
  if (first === undefined) throw new TypeError('a refused query has no fault')
  const message = `${first.policy}${first.path === '' ? '' : `, ${first.path}`}: ${first.message}`
  const corrected = faults.find((fault) => fault.corrected !== undefined)?.corrected
  return {
    effect: 'deny',
    explicit: false,
    layer: 'none',
    reasons: [],
    error: { code: first.code, message, faults, ...(corrected === undefined ? {} : { corrected }) },
  }
}
