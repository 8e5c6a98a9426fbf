import type { ActionCatalogue, KnownAction } from '../../catalogue.ts'
import { compileStatements, listOf } from '../../decide/statement.ts'
import type { PolicyDocument, Statement } from '../../document.ts'
import { noFacts } from '../../match/facts.ts'
import { compileGlob } from '../../match/glob.ts'
import { parseTemplate } from '../../match/template.ts'
import { nearestWord } from '../../read/suggest.ts'
import { findRequest } from '../find-request.ts'
import { levels } from '../keys/levels.ts'
import type { Found } from './lint-finding.ts'
import { spokenBy } from '../model.ts'
import { piecesOf, stepsPattern } from '../patterns.ts'
import { speaksOf } from '../prove.ts'
import { star, starInPart, stepsOfGlob, stepsOfText } from '../text/steps.ts'
import type { TextPattern } from '../text/text-pattern.ts'

/** A pattern of a statement's actions, with the actions that it means. */
interface Meant {
  readonly pattern: string
  readonly actions: readonly KnownAction[]
}

/**
 * What a statement says of actions that are known: names that mean none, actions that never meet its resources, and
 * conditions on keys that none of its actions carries.
 */
export function lintActions(document: PolicyDocument, statement: number, catalogue: ActionCatalogue): readonly Found[] {
  const source = document.Statement[statement]
  if (source === undefined) return []
  const found: Found[] = []
  const meant: Meant[] = []
  for (const pattern of listOf(source.Action ?? source.NotAction)) {
    const service = pattern.slice(0, pattern.indexOf(':')).toLowerCase()
    if (/[*?]/.test(pattern.slice(0, pattern.indexOf(':') + 1)) || pattern === '*' || service === 'sallyport') continue
    const known = catalogue.actionsOf(service)
    const actions = known === undefined ? [] : matching(known, pattern)
    if (actions.length > 0) meant.push({ pattern, actions })
    else found.push({ code: 'lint.unknown_action', statement, message: unknownAction(pattern, service, catalogue) })
  }
  if (source.Action === undefined) return found
  for (const { pattern, actions } of meant) {
    if (!meets(document, source, actions)) {
      const [first] = actions[0]?.resources ?? []
      const grant =
        first === undefined ? 'it takes no resource, and is granted on "*"' : `it is granted on ${first.like}`
      const message = `${pattern} never meets a resource of the statement: ${grant}`
      found.push({ code: 'lint.wrong_resource', statement, message })
    }
  }
  if (meant.length === listOf(source.Action).length) found.push(...foreignKeys(source, statement, meant, catalogue))
  return found
}

function matching(known: ReadonlyMap<string, KnownAction>, pattern: string): readonly KnownAction[] {
  const template = parseTemplate(pattern.slice(pattern.indexOf(':') + 1).toLowerCase(), {
    wildcards: true,
    variables: false,
  })
  if ('problem' in template) return []
  const matches = compileGlob(template.pieces)
  return [...known].flatMap(([name, action]) => (matches(name, noFacts) === true ? [action] : []))
}

function unknownAction(pattern: string, service: string, catalogue: ActionCatalogue): string {
  const known = catalogue.actionsOf(service)
  const meant =
    known === undefined
      ? nearestWord(service, catalogue.services)
      : nearestWord(
          pattern.slice(pattern.indexOf(':') + 1),
          [...known.values()].map(({ name }) => name),
        )
  const what = known === undefined ? `there is no service ${service}` : `no action is called ${pattern}`
  if (meant === undefined) return what
  return `${what}; ${known === undefined ? meant : `${service}:${meant}`} is`
}

/** Whether the statement speaks of any resource of which the actions can be granted; also where that is not settled. */
function meets(
  { Version }: PolicyDocument,
  { Resource, NotResource }: Statement,
  actions: readonly KnownAction[],
): boolean {
  if ((Resource === undefined && NotResource === undefined) || listOf(Resource).includes('*')) return true
  const on = Resource === undefined ? { NotResource: NotResource ?? [] } : { Resource }
  const [subject] = compileStatements('identity', {
    name: 'resources',
    document: { ...(Version === undefined ? {} : { Version }), Statement: [{ Effect: 'Allow', Action: '*', ...on }] },
  })
  if (subject === undefined) return true
  const kinds = actions.flatMap(({ resources, askedOn }) => {
    if (resources.length > 0) return resources.map(kindOf)
    return askedOn === undefined
      ? [nothing]
      : [nothing, { like: stepsPattern(stepsOfText(askedOn)), unlike: undefined }]
  })
  const granted = (resource: string): boolean =>
    kinds.some(({ like, unlike }) => like.matches(resource) && unlike?.matches(resource) !== true)
  const proof = findRequest({
    statements: [spokenBy(subject)],
    given: {},
    besides: {
      actions: [],
      resources: kinds.flatMap(({ like, unlike }) => [like.steps, ...(unlike === undefined ? [] : [unlike.steps])]),
      accounts: false,
    },
    formula: ({ diagrams, resources, speaks }, groups) => {
      const classes = [...resources.texts.keys()].filter((index) => granted(resources.texts[index] ?? ''))
      return groups.add([diagrams.and([speaks(spokenBy(subject), 0, false), diagrams.oneOf(levels.resource, classes)])])
    },
    shows: (request) => granted(request.resource) && speaksOf(subject, request),
  })
  return proof.holds !== true
}

interface Kind {
  readonly like: TextPattern
  readonly unlike: TextPattern | undefined
}

function kindOf({ like, unlike }: KnownAction['resources'][number]): Kind {
  return { like: partwise(like), unlike: unlike === undefined ? undefined : partwise(unlike) }
}

/** What stands for a name in an ARN holds no colon, but in its last part. */
function partwise(pattern: string): TextPattern {
  let colons = 0
  const steps = stepsOfGlob(piecesOf(pattern, false)).map((step) => {
    if (step === 0x3a) colons += 1
    return step === star && colons < 5 ? starInPart : step
  })
  return stepsPattern(steps)
}

/** An action that takes no resource is asked for on the text that is a star. */
const nothing: Kind = { like: stepsPattern(stepsOfText('*')), unlike: undefined }

/** Conditions on keys of a service that none of the statement's actions carries. */
function foreignKeys(
  { Condition = {} }: Statement,
  statement: number,
  meant: readonly Meant[],
  catalogue: ActionCatalogue,
): readonly Found[] {
  const keys = new Map(
    Object.values(Condition).flatMap((byKey) => Object.keys(byKey).map((key) => [key.toLowerCase(), key])),
  )
  const carried = meant.flatMap(({ actions }) => actions.flatMap((action) => action.keys))
  return [...keys].flatMap(([folded, key]): readonly Found[] => {
    if (catalogue.actionsOf(folded.slice(0, folded.indexOf(':'))) === undefined) return []
    if (carried.some((pattern) => isKey(pattern.toLowerCase(), folded))) return []
    const message = `no action of the statement carries ${key}, so that the condition always finds it absent`
    return [{ code: 'lint.foreign_key', statement, message }]
  })
}

function isKey(pattern: string, key: string): boolean {
  const template = parseTemplate(pattern, { wildcards: true, variables: false })
  return 'pieces' in template && compileGlob(template.pieces)(key, noFacts) === true
}
