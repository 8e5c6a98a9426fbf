import { actionProblem, principalProblem, resourceProblem } from '../match/arn.ts'
import type { PolicyDocument, Principal, Statement } from '../document.ts'
import type { Finding, PolicyKind, Problem } from '../fault.ts'
import {
  type Findings,
  note,
  type Place,
  readElements,
  readObject,
  readPatterns,
  readText,
  readWord,
} from './findings.ts'
import type { JsonNode } from './json.ts'
import { limits } from '../limits.ts'
import { readCondition } from './read-condition.ts'
import { parseTemplate, type TemplateOptions } from '../match/template.ts'

/** What each kind of policy may and must say (IAM, "IAM JSON policy element reference"). */
const kinds: Readonly<Record<PolicyKind, KindRules>> = {
  identity: { principal: 'never', resource: 'always', allow: 'anything' },
  resource: { principal: 'always', resource: 'optional', allow: 'anything' },
  trust: { principal: 'named', resource: 'never', allow: 'anything' },
  guardrail: { principal: 'everybody', resource: 'always', allow: 'nothing' },
  boundary: { principal: 'never', resource: 'always', allow: 'anything' },
  session: { principal: 'never', resource: 'always', allow: 'anything' },
  endpoint: { principal: 'optional', resource: 'always', allow: 'anything' },
  'service-control': { principal: 'never', resource: 'always', allow: 'anything' },
  'resource-control': { principal: 'everybody', resource: 'always', allow: 'everything' },
}

interface KindRules {
  /**
   * `named`: whom it speaks of is said, never whom not (IAM, "NotPrincipal": not in a role's trust policy).
   * `everybody`: may be left out, and can only be "*" (as in resource-control policies).
   */
  readonly principal: 'never' | 'always' | 'named' | 'everybody' | 'optional'
  /** A resource policy that leaves Resource out speaks of the resource to which it is attached. */
  readonly resource: 'never' | 'always' | 'optional'
  /** A guardrail only ever narrows; a resource-control policy may say the full access that AWS attaches itself. */
  readonly allow: 'anything' | 'everything' | 'nothing'
}

const documentElements = ['Version', 'Id', 'Statement'] as const
const statementElements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
] as const
const versions = ['2012-10-17', '2008-10-17'] as const
const effects = ['Allow', 'Deny'] as const
const principalTypes = ['AWS', 'Sallyport', 'Service', 'Federated', 'CanonicalUser'] as const

/** Reads a document from its JSON; it is only to be used when there are no findings. */
export function readDocument(
  node: JsonNode,
  kind: PolicyKind,
): { readonly document: PolicyDocument; readonly findings: readonly Finding[] } {
  const findings: Findings = []
  const root: Place = { path: '', at: node.at }
  const members = readObject(findings, node, root, 'a policy document is a JSON object')
  if (members === undefined) return { document: { Statement: [] }, findings }
  const elements = readElements(findings, members, root, documentElements)
  const version = elements.get('Version')
  const id = elements.get('Id')
  const variables = version?.kind === 'string' && version.value === '2012-10-17'
  const document: PolicyDocument = {
    ...given('Version', version && readWord(findings, version, place('Version', version), versions)),
    ...given('Id', id && readText(findings, id, place('Id', id))),
    Statement: readStatements(findings, elements.get('Statement'), root, { kind, variables, sids: new Set() }),
  }
  return { document, findings }
}

/** What the readers of one document's statements share. */
interface Context {
  readonly kind: PolicyKind
  readonly variables: boolean
  readonly sids: Set<string>
}

function readStatements(
  findings: Findings,
  node: JsonNode | undefined,
  root: Place,
  context: Context,
): readonly Statement[] {
  if (node === undefined) {
    note(findings, 'policy.missing_element', root, 'the document has no Statement')
    return []
  }
  if (node.kind !== 'array') return [readStatement(findings, node, place('Statement', node), context)]
  if (node.items.length === 0) note(findings, 'policy.empty', place('Statement', node), 'Statement is an empty list')
  return node.items.map((item, index) => readStatement(findings, item, place(`Statement[${index}]`, item), context))
}

function readStatement(findings: Findings, node: JsonNode, at: Place, context: Context): Statement {
  const members = readObject(findings, node, at, 'a statement is a JSON object')
  if (members === undefined) return { Effect: 'Deny' }
  const elements = readElements(findings, members, at, statementElements)
  const has = (name: StatementElement): boolean => elements.has(name)
  // Absent elements stay absent, and the others stand in this order. Filled in one by one: putting it together from
  // many small objects takes twice as long.
  const statement: Draft = has('Sid') ? { Sid: '', Effect: 'Deny' } : { Effect: 'Deny' }
  for (const name of statementElements) {
    const element = elements.get(name)
    if (element === undefined) continue
    readElement(findings, statement, name, element, { path: `${at.path}.${name}`, at: element.at }, context)
  }
  if (!has('Effect')) note(findings, 'policy.missing_element', at, 'the statement has no Effect', 'Allow or Deny')
  checkCombinations(findings, at, context.kind, statement, has)
  return statement
}

type StatementElement = (typeof statementElements)[number]
type Draft = { -readonly [Name in keyof Statement]: Statement[Name] }

function readElement(
  findings: Findings,
  statement: Draft,
  name: StatementElement,
  node: JsonNode,
  at: Place,
  { variables, sids }: Context,
): void {
  switch (name) {
    case 'Sid':
      statement.Sid = readSid(findings, node, at, sids) ?? ''
      // An empty one is none, as the trust policies that the console makes have it.
      if (statement.Sid === '') delete statement.Sid
      return
    case 'Effect':
      statement.Effect = readWord(findings, node, at, effects) ?? 'Deny'
      return
    case 'Principal':
    case 'NotPrincipal':
      statement[name] = readPrincipal(findings, node, at)
      return
    case 'Action':
    case 'NotAction':
      statement[name] = readPatterns(findings, node, at, limits.actionLength, checkAction)
      return
    case 'Resource':
    case 'NotResource':
      statement[name] = readPatterns(
        findings,
        node,
        at,
        limits.resourceLength,
        variables ? checkResource : checkOldResource,
      )
      return
    case 'Condition':
      statement.Condition = readCondition(findings, node, at, variables)
  }
}

/** Elements that exclude or need each other, and those that this kind of policy does not have. */
function checkCombinations(
  findings: Findings,
  at: Place,
  kind: PolicyKind,
  statement: Statement,
  has: (name: StatementElement) => boolean,
): void {
  const rules = kinds[kind]
  const illegal = (message: string): void => note(findings, 'policy.illegal_combination', at, message)
  const either = (name: StatementElement, negated: StatementElement, needed: boolean): void => {
    if (has(name) && has(negated)) illegal(`a statement has ${name} or ${negated}, not both`)
    if (needed && !has(name) && !has(negated)) {
      note(findings, 'policy.missing_element', at, `the statement has neither ${name} nor ${negated}`)
    }
  }
  either('Action', 'NotAction', true)
  either('Resource', 'NotResource', rules.resource === 'always')
  either('Principal', 'NotPrincipal', rules.principal === 'always' || rules.principal === 'named')
  if (has('NotPrincipal') && statement.Effect === 'Allow') {
    illegal('NotPrincipal with Allow would allow everybody else; it goes with Deny only')
  }
  if (rules.resource === 'never' && (has('Resource') || has('NotResource'))) {
    illegal(`a policy of kind ${kind} has no Resource: it speaks of what it is attached to`)
  }
  if (rules.principal === 'never' && (has('Principal') || has('NotPrincipal'))) {
    illegal(`a policy of kind ${kind} has no Principal: it speaks of whom it is attached to`)
  }
  if (rules.principal === 'named' || rules.principal === 'everybody') {
    if (has('NotPrincipal')) illegal(`a policy of kind ${kind} has no NotPrincipal`)
  }
  if (rules.principal === 'everybody') {
    if (has('Principal') && statement.Principal !== '*') illegal(`the Principal of a ${kind} can only be "*"`)
  }
  if (statement.Effect !== 'Allow' || !has('Effect') || rules.allow === 'anything') return
  if (rules.allow === 'nothing' || !isFullAccess(statement)) illegal(`a policy of kind ${kind} can only deny`)
}

/** What `RCPFullAWSAccess` says. */
function isFullAccess({ Principal, Action, Resource, Condition }: Statement): boolean {
  const isStar = (value: unknown): boolean => Array.isArray(value) && value.length === 1 && value[0] === '*'
  return (Principal === undefined || Principal === '*') && isStar(Action) && isStar(Resource) && Condition === undefined
}

function readPrincipal(findings: Findings, node: JsonNode, at: Place): Principal {
  if (node.kind === 'string') {
    if (node.value !== '*') {
      note(
        findings,
        'policy.invalid_principal',
        at,
        `Principal is "*" or an object, not "${node.value}"`,
        `{ "AWS": "${node.value}" }`,
      )
    }
    return '*'
  }
  const members = readObject(findings, node, at, 'Principal is "*" or an object of lists by type')
  if (members === undefined) return '*'
  const types = readElements(findings, members, at, principalTypes)
  if (members.members.length === 0) note(findings, 'policy.empty', at, 'Principal is an empty object')
  return Object.fromEntries(
    [...types].map(([type, value]) => [
      type,
      readPatterns(findings, value, { path: `${at.path}.${type}`, at: value.at }, limits.resourceLength, (name) => {
        const problem = principalProblem(type, name)
        return problem === undefined ? undefined : { code: 'policy.invalid_principal', problem }
      }),
    ]),
  )
}

function checkAction(pattern: string): Problem | undefined {
  const problem = actionProblem(pattern)
  return problem === undefined ? undefined : { code: 'policy.invalid_action', problem }
}

const checkResource = resourceChecker(true)
const checkOldResource = resourceChecker(false)

function resourceChecker(variables: boolean): (pattern: string) => Problem | undefined {
  const options = { wildcards: true, variables }
  return (pattern) => resourceFault(pattern, options)
}

function resourceFault(pattern: string, options: TemplateOptions): Problem | undefined {
  const template = parseTemplate(pattern, options)
  if ('problem' in template) {
    return { code: 'policy.invalid_variable', problem: `is not a valid pattern: ${template.problem}` }
  }
  const problem = resourceProblem(pattern, template.pieces)
  return problem === undefined ? undefined : { code: 'policy.invalid_arn', problem }
}

function place(path: string, node: JsonNode): Place {
  return { path, at: node.at }
}

/** A Sid is what reasons, the manifest's positions and `why` know a statement by, so it is unique in its document. */
function readSid(findings: Findings, node: JsonNode, at: Place, sids: Set<string>): string | undefined {
  const sid = node.kind === 'string' ? node.value : readText(findings, node, at)
  if (sid === undefined || sid === '') return undefined
  if (sid.length > 256 || (!/^[ -~]*$/.test(sid) && /\p{C}/u.test(sid))) {
    note(findings, 'policy.invalid_value', at, 'a Sid has at most 256 printable characters')
  }
  if (sids.has(sid)) note(findings, 'policy.duplicate_sid', at, `another statement has the Sid ${JSON.stringify(sid)}`)
  sids.add(sid)
  return sid
}

/** An object with this one member, or none where there is no value: absent elements stay absent. */
function given<Name extends string, T>(name: Name, value: T | undefined): { readonly [Key in Name]?: T } {
  // A computed name is typed as any string; here it is the one given.
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: T })
}
