import type { App, FunctionDeclaration } from '../app.ts'
import type { Position } from '../position.ts'
import { describeSubject } from '../ask/describe-subject.ts'
import { askOperation, askRoute } from '../ask/facts.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { functionParty, type Party, personParty, type Roles, strangerParty } from './party.ts'
import { inWords, reach, type Target, targetsOf } from './reach.ts'

/** One call on the way: who makes it, what it is, the rule that allows it, and under which facts. */
export interface Hop {
  readonly from: string
  readonly to: string
  readonly at?: Position
  /** `with aws:MultiFactorAuthPresent true`; empty where nothing is asked. */
  readonly facts: string
}

/** Whether somebody can come to something, by any number of allowed calls. */
export type Chain =
  | { readonly kind: 'reached'; readonly hops: readonly Hop[] }
  | { readonly kind: 'never' }
  | { readonly kind: 'unknown'; readonly message: string; readonly code: string }
  | { readonly kind: 'unresolved'; readonly message: string; readonly suggestion?: string }

/** Somebody who may call, and how they came to. */
interface Standing {
  readonly party: Party
  readonly behind: Roles | 'nobody'
  /** The function that calls; absent for people. */
  readonly one?: FunctionDeclaration
  readonly hops: readonly Hop[]
}

/**
 * Looks for the shortest chain. A function that is called may make every call that it is allowed, on behalf of the
 * person at the start; what it is sent does not matter. `internet` is a stranger without any proof, a role somebody who
 * holds that role and no other, a function or zone whatever runs there, on behalf of anybody.
 */
export function chainTo(compiled: CompiledApp, app: App, subject: string, object: string): Chain {
  const starts = standingsOf(app, subject)
  if ('kind' in starts) return starts
  const targets = targetsOf(app, object)
  if (targets === undefined)
    return { kind: 'unresolved', message: `There is nothing "${object}" that a call could reach.` }
  const queue: Standing[] = [...starts]
  const visited = new Set(queue.flatMap(({ one }) => one?.name ?? []))
  let open: Chain | undefined
  for (let standing = queue.shift(); standing !== undefined; standing = queue.shift()) {
    const go = (target: Target): readonly Hop[] | undefined => {
      const found = reach(compiled, standing.party, target)
      if (found.kind === 'unknown') open ??= found
      if (found.kind !== 'reached') return undefined
      const at = found.at === undefined ? {} : { at: found.at }
      return [
        ...standing.hops,
        { from: standing.party.label, to: target.label, facts: inWords(found.witness.context, given), ...at },
      ]
    }
    for (const target of targets) {
      const hops = go(target)
      if (hops !== undefined) return { kind: 'reached', hops }
    }
    for (const next of app.functions) {
      if (visited.has(next.name)) continue
      const ways =
        standing.one === undefined
          ? next.routes.map(askRoute)
          : next.offers.map((name) => askOperation(app, next, name))
      for (const way of ways) {
        const hops = go(way)
        if (hops === undefined) continue
        visited.add(next.name)
        queue.push({ party: functionParty(next, standing.behind), behind: standing.behind, one: next, hops })
        break
      }
    }
  }
  return open ?? { kind: 'never' }
}

/** Facts that the chain itself says. */
const given = ['sallyport:SourceZone']

function standingsOf(app: App, text: string): readonly Standing[] | Extract<Chain, { kind: 'unresolved' }> {
  const plain = text.trim()
  if (['internet', 'anyone', 'anonymous'].includes(plain))
    return [{ party: strangerParty(), behind: 'nobody', hops: [] }]
  const functions = app.functions.filter(({ name, zone }) => name === plain || zone === plain)
  if (functions.length > 0) {
    const behind = { without: [] }
    return functions.map((one) => ({ party: functionParty(one, behind), behind, one, hops: [] }))
  }
  const described = describeSubject(app, plain)
  if (described.kind === 'unknown') {
    const { message, suggestion } = described
    return { kind: 'unresolved', message, ...(suggestion === undefined ? {} : { suggestion }) }
  }
  return described.subjects.map(({ subject }) => {
    const behind = { among: subject.roles }
    return { party: personParty(app, plain, behind), behind, hops: [] }
  })
}
