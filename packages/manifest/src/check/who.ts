import { contextKeys } from '@sallyport/core/access'

import type { App } from '../app.ts'
import type { Position } from '../position.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { functionParty, type Party, personParty, strangerParty } from './party.ts'
import { inWords, reach, type Target } from './reach.ts'

/** Somebody who could ever do something: by which rule, and under which facts; or of whom it cannot be told. */
export interface Could {
  readonly who: string
  readonly what: string
  readonly certain: boolean
  /** `with aws:MultiFactorAuthPresent true`; empty where nothing is asked. */
  readonly facts: string
  readonly at?: Position
}

/**
 * Everybody who could ever have the target, by proof: whoever is not listed never can. People are listed by the role
 * that lets them, with the least that has to be true besides.
 */
export function whoCould(compiled: CompiledApp, app: App, target: Target): readonly Could[] {
  const ask = (party: Party): { readonly could?: Could; readonly roles: readonly string[] } => {
    const found = reach(compiled, party, target)
    if (found.kind === 'never') return { roles: [] }
    if (found.kind === 'unknown') {
      return {
        roles: [],
        could: { who: party.label, what: target.label, certain: false, facts: `: ${found.message} (${found.code})` },
      }
    }
    const { context } = found.witness
    const roles = [context[contextKeys.roles] ?? []].flat().map(String)
    const at = found.at === undefined ? {} : { at: found.at }
    const facts = inWords(context, [contextKeys.roles, contextKeys.sourceZone])
    return {
      roles,
      could: { who: roles.join(' and ') || party.label, what: target.label, certain: true, facts, ...at },
    }
  }
  const people: Could[] = []
  const without: string[] = []
  for (;;) {
    const { could, roles } = ask(personParty(app, 'anybody who signed in', { without }))
    if (could !== undefined) people.push(could)
    const fresh = roles.filter((role) => !without.includes(role))
    if (fresh.length === 0) break
    without.push(...fresh)
  }
  const others = [strangerParty(), ...app.functions.map((one) => functionParty(one))].flatMap(
    (party) => ask(party).could ?? [],
  )
  return [...others.filter(({ who }) => who === 'anyone'), ...people, ...others.filter(({ who }) => who !== 'anyone')]
}
