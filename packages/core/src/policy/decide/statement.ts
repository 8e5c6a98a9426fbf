import type { Layer, Reason } from '@sallyport/core/access'

import { type Grade, readCaller } from '../match/caller.ts'
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
  /** What each action pattern begins with, in lower case; undefined under NotAction. */
  readonly actionPrefixes: readonly string[] | undefined
  /** Asked with the action in lower case. */
  readonly matchesAction: (action: string) => boolean
  /** The resources that are named in full. */
  readonly literalResources: readonly string[]
  /** What every other resource pattern begins with; one empty text where anything may be meant. */
  readonly resourcePrefixes: readonly string[]
  /** What every resource pattern ends with; undefined where anything may be meant. */
  readonly resourceSuffixes: readonly string[] | undefined
  readonly matchesResource: (facts: Facts) => boolean
  readonly matchesPrincipal: PrincipalMatcher
  readonly conditions: readonly Condition[]
  /** Whether `${…}` is a variable here: Version 2012-10-17. */
  readonly takesVariables: boolean
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
    takesVariables: variables,
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

/** Whether the statement speaks of this request, and names the caller at least so closely. */
export function applies(statement: CompiledStatement, facts: Facts, atLeast: Grade): boolean {
  if (!statement.matchesAction(facts.foldedAction) || !statement.matchesResource(facts)) return false
  const grade = statement.matchesPrincipal.grade(facts)
  if (grade === 0 || grade < atLeast) return false
  for (const condition of statement.conditions) if (!condition.holds(facts)) return false
  return true
}

function compileActions(source: Statement): Pick<CompiledStatement, 'actionPrefixes' | 'matchesAction'> {
  const patterns = listOf(source.Action ?? source.NotAction).map((pattern) => pattern.toLowerCase())
  const [only] = patterns
  if (source.Action !== undefined && only !== undefined && patterns.length === 1 && !/[*?]/.test(only)) {
    return { actionPrefixes: patterns, matchesAction: (action) => action === only }
  }
  const matchers = patterns.map((pattern) => compileGlob(pieces(pattern, false)))
  const negated = source.Action === undefined
  return {
    actionPrefixes: negated ? undefined : patterns.map((pattern) => pattern.replace(/[*?].*$/s, '')),
    matchesAction: (action) => {
      for (const matches of matchers) if (matches(action, noFacts) === true) return !negated
      return negated
    },
  }
}

/** Action patterns hold no variables, so no fact is ever asked for. */
const noFacts: Facts = {
  caller: readCaller('anonymous'),
  bounded: false,
  action: '',
  foldedAction: '',
  resource: '',
  owner: undefined,
  names: [],
  values: [],
}

type Resources = 'literalResources' | 'resourcePrefixes' | 'resourceSuffixes' | 'matchesResource'

function compileResources(source: Statement, variables: boolean): Pick<CompiledStatement, Resources> {
  const anything = { literalResources: [], resourcePrefixes: [''], resourceSuffixes: undefined }
  // A resource policy may leave the element out: it then speaks of the resource to which it is attached.
  if (source.Resource === undefined && source.NotResource === undefined) {
    return { ...anything, matchesResource: () => true }
  }
  const patterns = listOf(source.Resource ?? source.NotResource).map((pattern) => pieces(pattern, variables))
  const matchers = patterns.map(compileResource)
  if (source.Resource === undefined) {
    return { ...anything, matchesResource: compileNotResource(source, patterns, matchers) }
  }
  const [only] = matchers
  const literals = patterns.map(literalText)
  const open = patterns.filter((_, index) => literals[index] === undefined)
  return {
    literalResources: literals.filter((text) => text !== undefined),
    resourcePrefixes: [...new Set(open.map(([first]) => textOf(first)))],
    resourceSuffixes: patterns.map((pattern) => textOf(pattern.at(-1))),
    matchesResource:
      only !== undefined && matchers.length === 1
        ? (facts) => only(facts.resource, facts) === true
        : (facts) => {
            for (const matches of matchers) if (matches(facts.resource, facts) === true) return true
            return false
          },
  }
}

function textOf(piece: Piece | undefined): string {
  return piece?.kind === 'text' ? piece.text : ''
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
