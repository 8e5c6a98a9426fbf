import type { Layer, Reason } from '@sallyport/core/access'

import { compileCondition, type Condition } from '../match/condition.ts'
import type { NamedPolicy, PolicyDocument, Statement } from '../document.ts'
import type { Facts } from '../match/facts.ts'
import { compileGlob, compileResource, type TextMatcher } from '../match/glob.ts'
import { compilePrincipal, type PrincipalMatcher } from '../match/principal.ts'
import { literalText, parseTemplate, type Piece, variableText } from '../match/template.ts'

/** One statement, ready to be asked. */
export interface CompiledStatement {
  readonly kind: 'statement'
  readonly layer: Layer
  readonly policy: string
  readonly source: Statement
  readonly sid: string | undefined
  /** Lower-case literal actions; undefined when a pattern or NotAction needs asking. */
  readonly literalActions: readonly string[] | undefined
  /** Asked with the action in lower case. */
  readonly matchesAction: (action: string) => boolean
  /** Literal resources; undefined when a pattern, a variable, NotResource or no element at all needs asking. */
  readonly literalResources: readonly string[] | undefined
  readonly matchesResource: (facts: Facts) => boolean
  readonly matchesPrincipal: PrincipalMatcher
  readonly conditions: readonly Condition[]
  /** What an allow by this statement gives as its reason; made once. */
  readonly allowed: Reason
}

/** Compiles a valid document's statements. */
export function compileStatements(layer: Layer, { name, document }: NamedPolicy): readonly CompiledStatement[] {
  return document.Statement.map((statement) => compileStatement(layer, name, document, statement))
}

function compileStatement(
  layer: Layer,
  policy: string,
  document: PolicyDocument,
  source: Statement,
): CompiledStatement {
  const variables = document.Version === '2012-10-17'
  const sid = source.Sid
  return {
    kind: 'statement',
    layer,
    policy,
    source,
    sid,
    ...compileActions(source),
    ...compileResources(source, variables),
    matchesPrincipal: compilePrincipal(source),
    conditions: Object.entries(source.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) =>
        compileCondition(operator, key, values, { variables, unclear: source.Effect === 'Deny' }),
      ),
    ),
    allowed: Object.freeze({
      code: 'policy.allow',
      layer,
      message: `${sid === undefined ? 'a statement' : `statement ${sid}`} of policy ${policy} allows it`,
      ...(sid === undefined ? {} : { rule: sid }),
    }),
  }
}

/** Whether everything but the action holds; the index has asked for that. */
export function applies(statement: CompiledStatement, facts: Facts): boolean {
  if (!statement.matchesResource(facts) || !statement.matchesPrincipal(facts.subject)) return false
  for (const condition of statement.conditions) if (!condition.holds(facts)) return false
  return true
}

function compileActions(source: Statement): Pick<CompiledStatement, 'literalActions' | 'matchesAction'> {
  const patterns = listOf(source.Action ?? source.NotAction).map((pattern) => pattern.toLowerCase())
  const isLiteral = source.NotAction === undefined && !patterns.some((pattern) => /[*?]/.test(pattern))
  const matchers = patterns.map((pattern) => compileGlob(pieces(pattern, false)))
  const negated = source.Action === undefined
  return {
    literalActions: isLiteral ? patterns : undefined,
    matchesAction: (action) => matchers.some((matches) => matches(action, noFacts) === true) !== negated,
  }
}

/** Action patterns hold no variables, so no fact is ever asked for. */
const noFacts: Facts = { subject: '', action: '', resource: '', names: [], values: [] }

function compileResources(
  source: Statement,
  variables: boolean,
): Pick<CompiledStatement, 'literalResources' | 'matchesResource'> {
  // A resource policy may leave the element out: it then speaks of the resource to which it is attached.
  if (source.Resource === undefined && source.NotResource === undefined) {
    return { literalResources: undefined, matchesResource: () => true }
  }
  const patterns = listOf(source.Resource ?? source.NotResource).map((pattern) => pieces(pattern, variables))
  const matchers = patterns.map(compileResource)
  if (source.Resource === undefined) {
    return { literalResources: undefined, matchesResource: compileNotResource(source, patterns, matchers) }
  }
  const [only] = matchers
  return {
    literalResources: patterns.every((pattern) => literalText(pattern) !== undefined)
      ? patterns.map((pattern) => literalText(pattern) ?? '')
      : undefined,
    matchesResource:
      only !== undefined && matchers.length === 1
        ? (facts) => only(facts.resource, facts) === true
        : (facts) => matchers.some((matches) => matches(facts.resource, facts) === true),
  }
}

/**
 * The complement. Where a variable stands for nothing the complement would be everything, so an Allow then does not
 * apply and a Deny does.
 */
function compileNotResource(
  source: Statement,
  patterns: readonly (readonly Piece[])[],
  matchers: readonly TextMatcher[],
): (facts: Facts) => boolean {
  const variables = patterns.flat().filter((piece) => piece.kind === 'variable')
  return (facts) => {
    if (variables.some((piece) => variableText(piece, facts) === undefined)) return source.Effect === 'Deny'
    return !matchers.some((matches) => matches(facts.resource, facts) === true)
  }
}

function pieces(pattern: string, variables: boolean): readonly Piece[] {
  const template = parseTemplate(pattern, { wildcards: true, variables })
  if ('problem' in template) throw new TypeError(template.problem)
  return template.pieces
}

/** IAM takes one string for a list of one. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}
