import { type AccessRequest, anonymous, type Context, type ContextValue, type Subject } from '@sallyport/core/access'

import { limits } from '../limits.ts'
import { scalarFact } from '../match/facts.ts'
import { literalText } from '../match/template.ts'
import { factsOf } from './keys/atoms.ts'
import { type KeyLevels, levels } from './keys/levels.ts'
import type { LooseChoice } from './text/text-diagram.ts'
import { isChosen, type Relation } from './relations.ts'
import { filledIn, stepsAs } from './template.ts'
import type { Choice } from './search.ts'
import { matchesSteps } from './text/steps.ts'
import { actionText, anyText, isLong, readable, textsFor } from './text/texts.ts'
import type { Universe } from './universe.ts'

/** More requests than these are not made for one choice. */
const mostTried = 40

/**
 * Requests for a choice, the likeliest first. Where a pattern with a variable was chosen to match, or not to, the text
 * is looked for that does; the caller asks the evaluator about each, and no other word counts.
 */
export function requestsFor(universe: Universe, choice: Choice): readonly AccessRequest[] {
  const chosen = (level: number): number => choice.get(level) ?? 0
  const caller = universe.callers[chosen(levels.caller)]
  const action = universe.actions.texts[chosen(levels.action)]
  const chosenResource = universe.resources.texts[chosen(levels.resource)]
  const account = universe.accounts[chosen(levels.account)]
  const context = new Map<string, ContextValue>()
  for (const key of universe.keys) {
    const one = key.classes[chosen(key.level)]
    if (one === undefined || !one.shown) return []
    const value = one.kind === 'many' ? listFor(key, choice) : one.value
    if (one.kind === 'many' && value === undefined) return []
    if (value !== undefined) context.set(key.name, value)
  }
  if (caller === undefined || action === undefined || chosenResource === undefined) return []
  const written = new Map(universe.keys.map((key) => [key.name, key.written]))
  const [resource = chosenResource] = loosen(universe, 'resource', choice, chosenResource)
  const base: Draft = { resource, context }
  const actions = loosen(universe, 'action', choice, action)
  return variants(universe, choice, base)
    .slice(0, mostTried)
    .map((draft) => ({
      id: '0'.repeat(32),
      transaction: '0'.repeat(32),
      subject: subjectOf(caller.id),
      action: actions[0] ?? action,
      resource: draft.resource,
      ...(account === undefined ? {} : { resourceAccount: account }),
      context: Object.fromEntries(
        [...draft.context].map(([name, value]) => [written.get(name) ?? name, value]),
      ) satisfies Context,
      actors: [],
    }))
}

/** More patterns than these are not walked together to find one text. */
const mostWalked = 40

/**
 * Texts that match those loose patterns that were chosen to match and no other that was asked about, and of the class's
 * own patterns the same as the text that stands for it. None where it stays as it is, or where none is found.
 */
function loosen(
  { loose, actions, resources }: Universe,
  on: LooseChoice['on'],
  choice: Choice,
  text: string,
): readonly string[] {
  const asked = loose.filter((one) => one.on === on && choice.has(one.level))
  if (asked.length === 0) return []
  const { patterns, loose: left } = on === 'action' ? actions : resources
  const tight = patterns.filter(({ name }) => !left.has(name))
  const [wanted, unwanted] = [
    asked.filter((one) => isChosen(one, choice)),
    asked.filter((one) => !isChosen(one, choice)),
  ]
  const folded = on === 'action' ? text.toLowerCase() : text
  const own = tight.filter(({ matches }) => matches(folded))
  const walked = [...wanted.map(({ pattern }) => pattern), ...own].slice(0, mostTogether).map(({ steps }) => steps)
  const rules =
    on === 'action'
      ? { fillers: actionText, maxLength: limits.actionLength }
      : { fillers: anyText, maxLength: limits.resourceLength }
  return [folded, ...walked.map(readable), ...textsFor(walked, rules).texts].filter(
    (candidate) =>
      wanted.every(({ pattern }) => pattern.matches(candidate)) &&
      !unwanted.some(({ pattern }) => pattern.matches(candidate)) &&
      tight.every(({ matches }) => matches(candidate) === matches(folded)),
  )
}

/** So many patterns are walked together to find a text that matches all of them. */
const mostTogether = 8

/** The parts of a request that patterns with variables may yet change. */
interface Draft {
  readonly resource: string
  readonly context: ReadonlyMap<string, ContextValue>
}

/** Undefined where a member was chosen of a kind of which none was shown. */
function listFor(key: KeyLevels, choice: Choice): readonly string[] | undefined {
  const present = key.members.filter((_, index) => choice.get(key.memberLevels[index] ?? -1) === 1)
  const values = (present.length === 0 ? key.members.slice(0, 1) : present).flatMap(({ value }) => value ?? [])
  if (values.length < Math.max(1, present.length)) return undefined
  // A list of one is another class.
  return values.length === 1 ? [...values, ...values] : values
}

/** The draft as it is, and with other texts where a pattern with a variable decides. */
function variants(universe: Universe, choice: Choice, base: Draft): readonly Draft[] {
  let drafts: readonly Draft[] = [base]
  const asked = universe.relations.filter(({ level }) => choice.has(level))
  // The resource last: what its variables stand for may yet change before.
  const groups = [...Map.groupBy(asked, (relation) => relation.on)].toSorted(
    ([one], [other]) => Number(one === '') - Number(other === ''),
  )
  for (const [on, relations] of groups) {
    drafts = drafts.flatMap((draft) => {
      const texts = textsThat(universe, relations, choice, draft)
      return texts.map((text) => withText(draft, on, text))
    })
  }
  return [...longTexts(universe, base), ...drafts, ...universe.keys.flatMap((key) => lists(universe, key, base))]
}

/** With what a variable stands for where a text that is too long for some patterns matches one that asks of all. */
function longTexts({ relations }: Universe, base: Draft): readonly Draft[] {
  return relations.flatMap(({ on, pieces }): readonly Draft[] => {
    const text = base.context.get(on)
    const at = pieces.findIndex(({ kind }) => kind === 'variable')
    const [before, variable] = [literalText(pieces.slice(0, at)), pieces[at]]
    if (typeof text !== 'string' || !isLong(text) || variable?.kind !== 'variable') return []
    if (before === undefined || !text.startsWith(before)) return []
    return [{ ...base, context: new Map([...base.context, [variable.key, text.slice(before.length)]]) }]
  })
}

/** Texts that match exactly those patterns that they were chosen to match. */
function textsThat(
  { resources }: Universe,
  relations: readonly Relation[],
  choice: Choice,
  draft: Draft,
): readonly string[] {
  const facts = factsOf(draft.context)
  const resolved = relations.flatMap((relation) => {
    const { flavour, pieces } = relation
    const filled = pieces.map((piece) => {
      if (piece.kind !== 'variable') return piece
      const text = scalarFact(facts, piece.key) ?? piece.fallback
      return text === undefined ? undefined : filledIn([piece], text)[0]
    })
    const known = filled.filter((piece) => piece !== undefined)
    if (known.length < filled.length) return []
    return [{ steps: stepsAs(flavour, known), wanted: isChosen(relation, choice) }]
  })
  const patterns = resolved.map(({ steps }) => steps)
  const rules = { fillers: anyText, maxLength: limits.resourceLength }
  const isResource = relations.some(({ on }) => on === '')
  // A resource has to stay of the class that was chosen, which other patterns tell apart as well.
  const others = isResource && resources.patterns.length <= mostWalked ? resources.patterns : []
  const of = others.map(({ matches }) => matches(draft.resource))
  const stays = (text: string): boolean => others.every(({ matches }, index) => matches(text) === of[index])
  const texts = textsFor([...patterns, ...others.map(({ steps }) => steps)], rules).texts
  const before = isResource ? draft.resource : draft.context.get(relations[0]?.on ?? '')
  return [...new Set([...(typeof before === 'string' ? [before] : []), ...patterns.map(readable), ...texts])]
    .filter((text) => resolved.every(({ steps, wanted }) => matchesSteps(steps, text) === wanted))
    .toSorted((left, right) => Number(stays(right)) - Number(stays(left)))
}

function withText(draft: Draft, on: string, text: string): Draft {
  if (on === '') return { ...draft, resource: text }
  const before = draft.context.get(on)
  return { ...draft, context: new Map([...draft.context, [on, typeof before === 'object' ? [text] : text]]) }
}

/** Lists for a key whose members are compared with variables. */
function lists(universe: Universe, key: KeyLevels, base: Draft): readonly Draft[] {
  if (!Array.isArray(base.context.get(key.name))) return []
  const facts = factsOf(base.context)
  return universe.relations
    .filter(({ on }) => on === key.name)
    .flatMap(({ pieces, flavour }): readonly (readonly string[])[] => {
      const variable = pieces.find((piece) => piece.kind === 'variable')
      const text = variable === undefined ? undefined : scalarFact(facts, variable.key)
      if (text === undefined || text === null) return []
      const match = readable(stepsAs(flavour, filledIn(pieces, text)))
      return [
        [match, match],
        [match, 'another'],
        ['another', 'another'],
      ]
    })
    .map((list) => ({ ...base, context: new Map([...base.context, [key.name, list]]) }))
}

function subjectOf(id: string): Subject {
  if (id === anonymous.id) return anonymous
  const name = id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf(':')) + 1)
  return { kind: id.startsWith('arn:sallyport:function:') ? 'function' : 'user', id, name, roles: [] }
}
