import type { Layer, Reason } from '@sallyport/core/access'

import type { Grade } from '../match/caller.ts'
import { compileCondition, type Condition } from '../match/condition.ts'
import type { NamedPolicy, Statement } from '../document.ts'
import { type Facts, noFacts } from '../match/facts.ts'
import { compileGlob, compileResource, type TextMatcher } from '../match/glob.ts'
import { compilePrincipal } from '../match/principal.ts'
import { parseTemplate, type Piece, variableText } from '../match/template.ts'

/** One statement of a set. What it tests is compiled when it is first asked: most statements of a set never are. */
export interface CompiledStatement {
  readonly kind: 'statement'
  readonly denies: boolean
  /** Read by `allowedBy` alone: what an allow by this statement gives as its reason. */
  reason: Reason | undefined
  readonly layer: Layer
  readonly policy: string
  readonly source: Statement
  readonly sid: string | undefined
  /** Whether `${…}` is a variable here: Version 2012-10-17. */
  readonly takesVariables: boolean
  /** Read by `testsOf` alone, which compiles them when they are first asked for. */
  compiled: StatementTests | undefined
}

/** What a statement asks of a request, element by element. */
export interface StatementTests {
  /** Asked with the action in lower case. */
  readonly matchesAction: (action: string) => boolean
  readonly matchesResource: (facts: Facts) => boolean
  /** How closely the statement means the caller; 0 when not at all. */
  readonly grade: (facts: Facts) => Grade
  readonly conditions: readonly Condition[]
}

/** Compiles a valid document's statements. */
export function compileStatements(layer: Layer, { name, document }: NamedPolicy): readonly CompiledStatement[] {
  const takesVariables = document.Version === '2012-10-17'
  return document.Statement.map((source) => ({
    kind: 'statement',
    denies: source.Effect === 'Deny',
    reason: undefined,
    layer,
    policy: name,
    source,
    sid: source.Sid,
    takesVariables,
    compiled: undefined,
  }))
}

/** What a statement tests, for explanations: decisions ask the rows (`makeRows`), which are made of the same tests. */
export function testsOf(statement: CompiledStatement): StatementTests {
  return (statement.compiled ??= compileTests(statement))
}

function compileTests(statement: CompiledStatement): StatementTests {
  const { source, takesVariables } = statement
  return {
    matchesAction: compileActions(source),
    matchesResource: compileResources(source, takesVariables),
    grade: compilePrincipal(source),
    conditions: conditionsOf(statement).map(({ compile }) => compile()),
  }
}

/** One condition that is not compiled yet. `name` is the same for those that say the same. */
export interface UncompiledCondition {
  readonly name: string
  readonly compile: () => Condition
}

/** The conditions of a statement. */
export function conditionsOf({ source, takesVariables: variables, denies }: CompiledStatement): UncompiledCondition[] {
  const found: UncompiledCondition[] = []
  for (const [operator, keys] of Object.entries(source.Condition ?? {})) {
    for (const [key, values] of Object.entries(keys)) {
      found.push({
        name: JSON.stringify([operator, key, values, variables, denies]),
        compile: () => compileCondition(operator, key, values, { variables, unclear: denies }),
      })
    }
  }
  return found
}

/** What an allow by this statement gives as its reason; made once. */
export function allowedBy(statement: CompiledStatement): Reason {
  return (statement.reason ??= reasonOf(statement))
}

function reasonOf({ sid, policy, layer }: CompiledStatement): Reason {
  return Object.freeze({
    code: 'policy.allow',
    layer,
    message: `${sid === undefined ? 'a statement' : `statement ${sid}`} of policy ${policy} allows it`,
    ...(sid === undefined ? {} : { rule: sid }),
  })
}

/** How closely the statement names the caller of a request that it speaks of; 0 where it does not speak of it. */
export function gradeOf(statement: CompiledStatement, facts: Facts): Grade {
  const { matchesAction, matchesResource, grade, conditions } = testsOf(statement)
  if (!matchesAction(facts.foldedAction) || !matchesResource(facts)) return 0
  const named = grade(facts)
  if (named === 0) return 0
  for (let at = 0; at < conditions.length; at += 1) if (conditions[at]?.holds(facts) !== true) return 0
  return named
}

/** Whether an action, in lower case, is one of the statement's. */
export function compileActions(source: Statement): StatementTests['matchesAction'] {
  const patterns = listOf(source.Action ?? source.NotAction).map((pattern) => pattern.toLowerCase())
  const negated = source.Action === undefined
  const [only] = patterns
  if (!negated && only !== undefined && patterns.length === 1 && !/[*?]/.test(only)) return (action) => action === only
  const prefixes = patterns.flatMap((pattern) => /^([^*?]*)\*$/.exec(pattern)?.[1] ?? [])
  // Action patterns hold no variables, so no fact is ever asked for.
  const matchers = patterns
    .filter((pattern) => !/^[^*?]*\*$/.test(pattern))
    .map((pattern) => compileGlob(pieces(pattern, false)))
  return (action) => {
    for (let at = 0; at < prefixes.length; at += 1) if (action.startsWith(prefixes[at] ?? action)) return !negated
    for (let at = 0; at < matchers.length; at += 1) if (matchers[at]?.(action, noFacts) === true) return !negated
    return negated
  }
}

/** Whether the statement speaks of a request's resource. */
export function compileResources(source: Statement, variables: boolean): StatementTests['matchesResource'] {
  // A resource policy may leave the element out: it then speaks of the resource to which it is attached.
  if (source.Resource === undefined && source.NotResource === undefined) return () => true
  const patterns = listOf(source.Resource ?? source.NotResource).map((pattern) => pieces(pattern, variables))
  const matchers = patterns.map(compileResource)
  if (source.Resource === undefined) return compileNotResource(source, patterns, matchers)
  const [only] = matchers
  if (only !== undefined && matchers.length === 1) return (facts) => only(facts.resource, facts) === true
  return (facts) => {
    for (const matches of matchers) if (matches(facts.resource, facts) === true) return true
    return false
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
