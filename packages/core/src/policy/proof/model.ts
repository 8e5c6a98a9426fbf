import type { LayerSet, PolicySet } from '../decide/policy-set.ts'
import { isUnderResourceControl, isUnderServiceControl, type Side, sideOf, sideRules } from '../decide/sides.ts'
import type { CompiledStatement } from '../decide/statement.ts'
import type { Caller, Grade } from '../match/caller.ts'
import { factsOf } from './keys/atoms.ts'
import type { Diagram } from './diagram.ts'
import { levels } from './keys/levels.ts'
import { ownerSteps, stepsPattern } from './patterns.ts'
import type { Formula } from './search.ts'
import { star, starInPart, type Step, stepsOfText } from './text/steps.ts'
import type { Besides, Spoken, Universe } from './universe.ts'

/** What a proof can be about: everything that speaks on an access, or one layer's documents by themselves. */
export type Provable = PolicySet | LayerSet

/** Every statement of it. */
export function statementsOf(policies: Provable): readonly CompiledStatement[] {
  return policies.kind === 'layer' ? policies.statements : policies.layers.flatMap(({ statements }) => statements)
}

/** A compiled statement as the universe takes it. */
export function spokenBy({ source, takesVariables }: CompiledStatement): Spoken {
  return { source, variables: takesVariables }
}

/** What matters for who must allow, besides the statements. */
export function besidesOf(provables: readonly Provable[]): Besides {
  if (provables.every(({ kind }) => kind === 'layer')) return { actions: [], resources: [], accounts: false }
  return {
    actions: sideRules.services.map(({ action }) => action),
    resources: [
      ...sideRules.ours.map(({ prefix }) => [...stepsOfText(prefix), star]),
      ...sideRules.services.flatMap(({ resource }) => (resource === '' ? [] : [sixthPartSteps(resource)])),
    ],
    accounts: true,
  }
}

function sixthPartSteps(prefix: string): readonly Step[] {
  const part = [starInPart, 0x3a]
  return [...part, ...part, ...part, ...part, ...part, ...stepsOfText(prefix), star]
}

/** Collects the groups of diagrams that formulas speak of. */
export interface Groups {
  readonly add: (diagrams: readonly Diagram[]) => Formula
  readonly all: readonly (readonly Diagram[])[]
}

/** No groups yet. */
export function collectGroups(): Groups {
  const all: (readonly Diagram[])[] = []
  return { all, add: (diagrams) => ({ kind: 'group', group: all.push(diagrams) - 1 }) }
}

const all = (...of: readonly Formula[]): Formula => ({ kind: 'all', of })
const some = (...of: readonly Formula[]): Formula => ({ kind: 'some', of })
const no = (of: Formula): Formula => ({ kind: 'not', of })

/** When these policies allow a request: `judge`, or for one layer that it allows and does not deny, as a formula. */
export function allowedBy(policies: Provable, universe: Universe, groups: Groups): Formula {
  const bounded = policies.kind === 'set' && policies.boundary !== undefined
  const spoken = (set: LayerSet, effect: 'Allow' | 'Deny', atLeast: Grade): Formula =>
    groups.add(
      set.statements
        .filter(({ source }) => source.Effect === effect)
        .map((one) => universe.speaks(spokenBy(one), atLeast, bounded)),
    )
  if (policies.kind === 'layer') return all(spoken(policies, 'Allow', 0), no(spoken(policies, 'Deny', 0)))

  const callers = (is: (caller: Caller) => boolean): Formula =>
    groups.add([
      universe.diagrams.oneOf(
        levels.caller,
        [...universe.callers.keys()].filter((at) => isAt(at, is)),
      ),
    ])
  const isAt = (at: number, is: (caller: Caller) => boolean): boolean => {
    const caller = universe.callers[at]
    return caller !== undefined && is(caller)
  }
  const { resource, identity, boundary, session, endpoint, serviceControl } = policies
  const federated = callers(({ kind }) => kind === 'federated-user')
  const withinLimits = all(
    ...(boundary === undefined ? [] : [spoken(boundary, 'Allow', 0)]),
    session === undefined ? no(federated) : spoken(session, 'Allow', 0),
  )
  const byAsker = all(
    some(
      callers(({ kind }) => kind === 'root'),
      spoken(identity, 'Allow', 0),
    ),
    withinLimits,
  )
  const owner = spoken(resource, 'Allow', 1)
  const byOwner = some(spoken(resource, 'Allow', 3), all(spoken(resource, 'Allow', 2), withinLimits))
  const sides = sidesIn(universe)
  const side = (name: Side): Formula => groups.add([sides.get(name) ?? universe.diagrams.never])
  const ceilings = all(
    ...serviceControl.map((level) =>
      some(
        callers((caller) => !isUnderServiceControl(caller)),
        spoken(level, 'Allow', 0),
      ),
    ),
    ...(endpoint === undefined ? [] : [spoken(endpoint, 'Allow', 0)]),
  )
  return some(
    side('nobody'),
    all(
      ...policies.layers.map((layer, place) => {
        const undenied = no(spoken(layer, 'Deny', 0))
        const reaches = reachOf(policies, place)
        return reaches === undefined
          ? undenied
          : some(
              callers((caller) => !reaches(caller)),
              undenied,
            )
      }),
      ceilings,
      some(
        all(side('asker'), byAsker),
        all(side('owner'), owner),
        all(side('both'), owner, byAsker),
        all(side('either'), some(byOwner, byAsker)),
        all(side('owner-admits'), some(byOwner, all(owner, byAsker))),
      ),
    ),
  )
}

/** Whom the layer at a place reaches; undefined where that is everybody. */
function reachOf({ places }: PolicySet, place: number): ((caller: Caller) => boolean) | undefined {
  if (places.serviceControl.includes(place)) return isUnderServiceControl
  return places.resourceControl.includes(place) ? isUnderResourceControl : undefined
}

const nothing = factsOf(new Map())

/**
 * Who must allow, as diagrams over action, resource, its account and the caller. `sideOf` itself is asked, once for
 * each kind of action, resource and caller that it tells apart.
 */
function sidesIn(universe: Universe): ReadonlyMap<Side, Diagram> {
  const { diagrams, callers, resources, actions } = universe
  const { and, or, not, oneOf } = diagrams
  const same = sameAccount(universe)
  const kinds = alike(callers, ({ kind, account }) => [kind, account === undefined])
  const actionKinds = alike(actions.texts, actionRules)
  const resourceKinds = alike(resources.texts, resourceRules)
  const sideFor = (action: string, resource: string, caller: Caller, isSame: boolean): Side =>
    sideOf({
      ...nothing,
      caller,
      action,
      foldedAction: action.toLowerCase(),
      resource,
      owner: isSame ? caller.account : 'another',
    })
  // Most pairs of action and resource leave it to the caller in the same way, and are one case.
  const cases = new Map<string, { readonly sides: readonly (readonly [Side, Side])[]; readonly where: Diagram[] }>()
  for (const [actionClasses, action] of actionKinds) {
    const rows = resourceKinds.map(([classes, resource]) => ({
      classes,
      sides: kinds.map(
        ([, caller]) => [sideFor(action, resource, caller, true), sideFor(action, resource, caller, false)] as const,
      ),
    }))
    for (const [name, group] of Map.groupBy(rows, ({ sides }) => JSON.stringify(sides))) {
      const classes = group.flatMap((row) => row.classes).toSorted((left, right) => left - right)
      const where = and([oneOf(levels.action, actionClasses), oneOf(levels.resource, classes)])
      const known = cases.get(name)
      if (known === undefined) cases.set(name, { sides: group[0]?.sides ?? [], where: [where] })
      else known.where.push(where)
    }
  }
  const found = new Map<Side, Diagram[]>()
  for (const { sides, where } of cases.values()) {
    for (const side of new Set(sides.flat())) {
      const of = (isSame: boolean): Diagram =>
        oneOf(
          levels.caller,
          kinds
            .flatMap(([classes], index) => (sides[index]?.[isSame ? 0 : 1] === side ? classes : []))
            .toSorted((left, right) => left - right),
        )
      const list = found.get(side) ?? []
      found.set(side, list)
      list.push(and([or(where), or([and([of(true), same]), and([of(false), not(same)])])]))
    }
  }
  return new Map([...found].map(([side, list]) => [side, or(list)]))
}

/** Which rows of the rules fit an action. */
function actionRules(action: string): readonly boolean[] {
  const lower = action.toLowerCase()
  return sideRules.services.map((rule) =>
    rule.action.endsWith('*') ? lower.startsWith(rule.action.slice(0, -1)) : lower === rule.action,
  )
}

/** Which rows of the rules fit a resource. */
function resourceRules(resource: string): readonly boolean[] {
  const parts = resource.split(':')
  const sixth = parts.length < 6 ? undefined : parts.slice(5).join(':')
  return [
    ...sideRules.ours.map(({ prefix }) => resource.startsWith(prefix)),
    ...sideRules.services.map((rule) => rule.resource === '' || sixth?.startsWith(rule.resource) === true),
  ]
}

/** Classes by what is asked of them, each group with its first member. */
function alike<T>(members: readonly T[], of: (member: T) => readonly unknown[]): readonly (readonly [number[], T])[] {
  const groups = new Map<string, [number[], T]>()
  for (const [index, member] of members.entries()) {
    const name = JSON.stringify(of(member))
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [[index], member])
    else group[0].push(index)
  }
  return [...groups.values()]
}

/** When the caller's account owns the resource: the request says so, or says nothing and the resource's name does. */
function sameAccount({ diagrams, callers, accounts, resources }: Universe): Diagram {
  return diagrams.or(
    accounts.flatMap((account, index): readonly Diagram[] => {
      if (account === undefined) return []
      const members = [...callers.keys()].filter((at) => callers[at]?.account === account)
      const owned = resources.matched.get(stepsPattern(ownerSteps(account)).name) ?? []
      return [
        diagrams.and([
          diagrams.oneOf(levels.caller, members),
          diagrams.or([
            diagrams.oneOf(levels.account, [index]),
            diagrams.and([diagrams.oneOf(levels.account, [0]), diagrams.oneOf(levels.resource, owned)]),
          ]),
        ]),
      ]
    }),
  )
}
