import { contextKeys } from '@sallyport/core/access'

import type { App, Fault, Invariant } from '../app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { collectFaults, type Faults, showPosition } from '../source/faults.ts'
import { functionParty, type Party, personParty, strangerParty } from './party.ts'
import { inWords, reach, type Target, targetsOf } from './reach.ts'

/**
 * `only:` holds when it is proved that nobody else is ever allowed: no stranger, nobody without one of the roles named,
 * whatever other roles and factors they have, and no other function, whoever is behind it. Conditions of attached
 * documents count as they are written, and facts of which nothing is known may be anything. Where that cannot be
 * proved, the manifest is refused all the same.
 */
export function checkInvariants(compiled: CompiledApp, app: App): readonly Fault[] {
  const faults = collectFaults()
  for (const invariant of app.only) {
    const targets = targetsOf(app, invariant.object)
    const named = new Set(invariant.subjects.flatMap((text) => membersOf(app, text)))
    if (targets === undefined || named.has('anyone')) continue
    const check = (party: Party): readonly string[] => report(faults, compiled, invariant, party, targets)
    check(strangerParty())
    checkPeople(app, [...named], check)
    for (const one of app.functions) if (!named.has(one.name)) check(functionParty(one))
  }
  return faults.all()
}

/** One fault for each role that lets somebody in: who holds it is left out, and the others are asked about. */
function checkPeople(app: App, named: readonly string[], check: (party: Party) => readonly string[]): void {
  const roles = new Set(app.people.map(({ name }) => name))
  const without = named.filter((name) => roles.has(name))
  for (;;) {
    const found = check(personParty(app, 'anybody who signed in', { without })).filter(
      (role) => !without.includes(role),
    )
    if (found.length === 0) return
    without.push(...found)
  }
}

/** Notes what the party reaches; gives the roles that the witness held. */
function report(
  faults: Faults,
  compiled: CompiledApp,
  { text, at }: Invariant,
  party: Party,
  targets: readonly Target[],
): readonly string[] {
  for (const target of targets) {
    const found = reach(compiled, party, target)
    if (found.kind === 'never') continue
    if (found.kind === 'unknown') {
      const message = `"${text}": whether ${party.label} may reach ${target.label} cannot be proved: ${found.message}.`
      faults.add(
        'only.unproved',
        at,
        `${message} (${found.code})`,
        'make the attached document simpler, or take it away',
      )
      return []
    }
    const { context } = found.witness
    const roles = [context[contextKeys.roles] ?? []].flat().map(String)
    const who = roles.length === 0 ? party.label : roles.join(' and ')
    const line = found.at === undefined ? '' : ` by ${showPosition(found.at)}`
    const facts = inWords(context, [contextKeys.roles, contextKeys.sourceZone])
    faults.add(
      'only.violated',
      at,
      `"${text}": ${who} may also reach ${target.label}${facts}, allowed${line}.`,
      `take that line away, or add ${who} to the invariant`,
    )
    return roles
  }
  return []
}

/** Whom a plain name stands for, by the names of subjects. */
function membersOf(app: App, text: string): readonly string[] {
  if (['internet', 'anyone', 'anonymous'].includes(text)) return ['anyone']
  const inZone = app.functions.filter((one) => one.zone === text).map(({ name }) => name)
  return [text, ...inZone]
}
