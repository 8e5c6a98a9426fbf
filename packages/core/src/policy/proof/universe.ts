import type { Statement } from '../document.ts'
import { listOf } from '../decide/statement.ts'
import { type Caller, type Grade, readCaller } from '../match/caller.ts'
import { limits } from '../limits.ts'
import { compilePrincipal } from '../match/principal.ts'
import { type Atom, atomsOf, factsOf } from './keys/atoms.ts'
import { callersFor } from './callers.ts'
import { classifyKeys, templatesIn } from './keys/classify.ts'
import { conditionDiagram, type Conditions, resourceDiagram, soundList } from './keys/conditions.ts'
import { type Diagram, type Diagrams, makeDiagrams } from './diagram.ts'
import type { KeyClasses } from './keys/key-classes.ts'
import { soundEqualities } from './keys/equalities.ts'
import { type KeyLevels, levels } from './keys/levels.ts'
import { listChoices } from './keys/lists.ts'
import { type LooseChoice, looseChoices, textDiagram } from './text/text-diagram.ts'
import { actionPattern, actionSteps, ownerSteps, piecesOf, resourcePattern, stepsPattern, unique } from './patterns.ts'
import { matchDiagram } from './match-diagram.ts'
import { relate, type Relation } from './relations.ts'
import { hasVariable, stepsAs, templateKey } from './template.ts'
import { type Step, stepsOfGlob } from './text/steps.ts'
import { givenText, textDimension, type TextDimension } from './text/text-dimension.ts'
import type { TextPattern } from './text/text-pattern.ts'
import { actionText, anyText, readable } from './text/texts.ts'

/** A statement, and whether `${…}` is a variable in its document. */
export interface Spoken {
  readonly source: Statement
  readonly variables: boolean
}

/** What of a request is given; everything else may be anything. */
export interface Given {
  readonly action?: string
  readonly resource?: string
  /** The caller's ARN, service name or `anonymous`. */
  readonly caller?: string
}

/** Every request there is, as far as some statements can tell requests apart. */
export interface Universe {
  readonly diagrams: Diagrams
  readonly sizes: readonly number[]
  readonly actions: TextDimension
  readonly resources: TextDimension
  /** Accounts that a request may say own its resource; the first is none. */
  readonly accounts: readonly (string | undefined)[]
  readonly callers: readonly Caller[]
  readonly keys: readonly KeyLevels[]
  readonly relations: readonly Relation[]
  readonly loose: readonly LooseChoice[]
  /** Levels at which both may be chosen although a request may exist for one of them only. */
  readonly open: ReadonlySet<number>
  /** Must hold of every choice for it to be a request. */
  readonly sound: readonly Diagram[]
  /** Why classes may be missing, so that nothing is proved. */
  readonly gap: string | undefined
  /** When the statement speaks of a request, and names the caller at least so closely. */
  readonly speaks: (spoken: Spoken, atLeast: Grade, bounded: boolean) => Diagram
}

/** Nodes of decision diagrams. */
const mostDiagrams = 2_000_000

/** What matters besides the statements themselves: who must allow depends on these. */
export interface Besides {
  readonly actions: readonly string[]
  readonly resources: readonly (readonly Step[])[]
  /** Whether it matters which account owns the resource. */
  readonly accounts: boolean
}

/** Makes the universe of some statements. */
export function makeUniverse(all: readonly Spoken[], given: Given, besides: Besides): Universe {
  const statements = all.filter((spoken) => concerns(spoken, given))
  const atomsBy = new Map(statements.map(({ source, variables }) => [source, atomsOf(source, variables)]))
  const atoms = [...new Map([...atomsBy.values()].flat().map((atom) => [atom.id, atom])).values()]
  const sources = [...atomsBy.keys()]
  const resourcePieces = statements.flatMap(({ source, variables }) =>
    listOf(source.Resource ?? source.NotResource).map((pattern) => piecesOf(pattern, variables)),
  )
  const templates = templatesIn(resourcePieces, atoms)
  const callers = given.caller === undefined ? callersFor(sources) : [readCaller(given.caller)]
  // The last is nobody's among the callers.
  const accounts = [undefined, ...new Set(callers.flatMap(({ account }) => account ?? [])), '444455556666']
  const { classes, toldApart, fillingsOn, gap } = classifyKeys(templates, atoms)
  const actions = actionDimension(sources, given.action, besides.actions)
  const plainResources = resourcePieces.filter((pieces) => !hasVariable(pieces)).map(resourcePattern)
  // Who must allow, and what variables come to, is asked of one text of each class.
  const asked = [
    ...templates.filter(({ on }) => on === '').map(({ flavour, pieces }) => stepsPattern(stepsAs(flavour, pieces))),
    ...fillingsOn('').map(stepsPattern),
    ...besides.resources.map(stepsPattern),
    ...(besides.accounts
      ? accounts.flatMap((account) => (account === undefined ? [] : [stepsPattern(ownerSteps(account))]))
      : []),
  ]
  const askedNames = new Set(asked.map(({ name }) => name))
  const written = new Set(plainResources.flatMap(({ name }) => (askedNames.has(name) ? [] : name)))
  const resourcePatterns = unique([...plainResources, ...asked])
  const resources =
    given.resource === undefined
      ? textDimension(
          resourcePatterns,
          [
            ...resourcePatterns.map(({ steps }) => readable(steps)).filter((text) => text.startsWith('arn:')),
            'arn:aws:s3:::example/example',
          ],
          { fillers: anyText, maxLength: limits.resourceLength },
          () => true,
          (name) => written.has(name),
        )
      : givenText(resourcePatterns, given.resource)

  const sizes = [actions.texts.length, resources.texts.length, besides.accounts ? accounts.length : 1, callers.length]
  const choice = (size: number): number => sizes.push(size) - 1
  const spelled = new Map(atoms.map(({ condition }) => [condition.name, condition.key]))
  const keys = [...classes.values()].map((found): KeyLevels => ({
    ...found,
    written: spelled.get(found.name) ?? found.name,
    level: choice(found.classes.length),
    memberLevels: found.members.map(() => choice(2)),
  }))
  const relations = new Map(relate(templates, () => choice(2)).map((relation) => [templateKey(relation), relation]))
  const looseActions = looseChoices('action', actions, () => choice(2))
  const looseResources = looseChoices('resource', resources, () => choice(2))
  const loose = [...looseActions.values(), ...looseResources.values()]
  const lists = listChoices(atoms, () => choice(2))
  const long = new Map(atoms.filter(({ variables }) => variables.length > 0).map(({ id }) => [id, choice(2)]))
  const diagrams = makeDiagrams(sizes, mostDiagrams)
  const byName = new Map(keys.map((key) => [key.name, key]))
  const context: Conditions = {
    diagrams,
    keyOf: (name) => byName.get(name),
    matchResource: (names) => textDiagram(names, levels.resource, resources, looseResources, diagrams),
    lists,
    long: (id) => long.get(id),
    matchTemplate: remembering(templateKey, (template) => {
      const key = byName.get(template.on)
      const relation = relations.get(templateKey(template))
      if (relation === undefined) throw new TypeError('a template is not of this universe')
      const onResource = { level: levels.resource, texts: resources.texts }
      const { level, texts } =
        key === undefined ? onResource : { level: key.level, texts: key.classes.map(({ value }) => scalarText(value)) }
      return matchDiagram(relation, {
        diagrams,
        keyOf: (name) => byName.get(name),
        level,
        texts,
        literal: (index) =>
          key === undefined ? resources.literal.has(texts[index] ?? '') : key.classes[index]?.text !== undefined,
        toldApart: toldApart.get(template.on) ?? new Set(),
      })
    }),
  }
  const conditionOf = remembering(
    ({ id }: Atom) => id,
    (atom) => conditionDiagram(atom, context),
  )
  const gradesOf = remembering(
    ({ source, bounded }: { readonly source: Statement; readonly bounded: boolean }) =>
      JSON.stringify([source.Principal, source.NotPrincipal, bounded]),
    ({ source, bounded }): readonly Grade[] => {
      const grade = compilePrincipal(source)
      return callers.map((caller) => grade({ ...factsOf(new Map()), caller, bounded }))
    },
  )

  const speaks: Universe['speaks'] = ({ source, variables }, atLeast, bounded) => {
    const demanded = atomsBy.get(source)
    if (demanded === undefined) return diagrams.never
    const named = listOf(source.Action ?? source.NotAction).map((pattern) => actionPattern(pattern).name)
    const action = textDiagram(named, levels.action, actions, looseActions, diagrams)
    const grades = gradesOf({ source, bounded })
    const meant = [...callers.keys()].filter((index) => (grades[index] ?? 0) >= Math.max(1, atLeast))
    return diagrams.and([
      source.Action === undefined ? diagrams.not(action) : action,
      resourceDiagram(source, variables, context),
      diagrams.oneOf(levels.caller, meant),
      ...demanded.map(conditionOf),
    ])
  }

  return {
    diagrams,
    sizes,
    actions,
    resources,
    accounts: besides.accounts ? accounts : [undefined],
    callers,
    keys,
    relations: [...relations.values()],
    loose,
    open: new Set([...[...relations.values(), ...loose].map(({ level }) => level), ...lists.levels, ...long.values()]),
    sound: [
      ...keys.flatMap((key) => soundList(key, diagrams)),
      ...soundEqualities(templates, context.matchTemplate, context.keyOf, diagrams),
    ],
    gap:
      actions.complete && resources.complete
        ? (gap ?? keys.find((key) => key.gap !== undefined)?.gap)
        : 'too many patterns that overlap',
    speaks,
  }
}

/** Whether a statement can speak of the action and the resource that are given. */
function concerns({ source, variables }: Spoken, { action, resource }: Given): boolean {
  const speaksOf = (patterns: readonly TextPattern[], text: string, not: boolean): boolean =>
    patterns.some(({ matches }) => matches(text)) !== not
  if (action !== undefined) {
    const patterns = listOf(source.Action ?? source.NotAction).map(actionPattern)
    if (!speaksOf(patterns, action.toLowerCase(), source.Action === undefined)) return false
  }
  const written = source.Resource ?? source.NotResource
  if (resource === undefined || written === undefined) return true
  const patterns = listOf(written).map((pattern) => piecesOf(pattern, variables))
  if (patterns.some(hasVariable)) return true
  return speaksOf(patterns.map(resourcePattern), resource, source.Resource === undefined)
}

function actionDimension(
  sources: readonly Statement[],
  given: string | undefined,
  besides: readonly string[],
): TextDimension {
  const written = [...sources.flatMap(({ Action, NotAction }) => listOf(Action ?? NotAction)), ...besides]
  const patterns = unique(written.map(actionPattern))
  // Asked in lower case, and shown as it was given.
  if (given !== undefined) return { ...givenText(patterns, given.toLowerCase()), texts: [given] }
  const fixed = new Set(besides.map((pattern) => actionPattern(pattern).name))
  const dimension = textDimension(
    unique([...patterns, ...actionSteps(patterns)]),
    [...patterns.map(({ steps }) => readable(steps)), 's3:GetObject'.toLowerCase()],
    { fillers: actionText, maxLength: limits.actionLength, strange: (filler) => `${filler}:${filler}` },
    (text) => text.includes(':'),
    (name) => patterns.some((pattern) => pattern.name === name) && !fixed.has(name),
  )
  // Requests write an action as the policies do.
  const spelled = written.flatMap((pattern) => [readable(stepsOfGlob(piecesOf(pattern, false))), pattern])
  const spelling = new Map(spelled.map((text) => [text.toLowerCase(), text]))
  return { ...dimension, texts: dimension.texts.map((text) => spelling.get(text) ?? text) }
}

function scalarText(value: KeyClasses['classes'][number]['value']): string | undefined {
  if (typeof value !== 'object') return value === undefined ? undefined : String(value)
  return value.length === 1 ? value[0] : undefined
}

function remembering<From, To>(nameOf: (from: From) => string, make: (from: From) => To): (from: From) => To {
  const known = new Map<string, To>()
  return (from) => {
    const name = nameOf(from)
    const remembered = known.get(name)
    if (remembered !== undefined) return remembered
    const made = make(from)
    known.set(name, made)
    return made
  }
}
