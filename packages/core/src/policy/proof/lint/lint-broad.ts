import type { AccessRequest } from '@sallyport/core/access'

import { compileLayer, type LayerSet } from '../../decide/policy-set.ts'
import { listOf } from '../../decide/statement.ts'
import type { PolicyDocument, Principal, Statement } from '../../document.ts'
import type { PolicyKind } from '../../fault.ts'
import type { Found } from './lint-finding.ts'
import { allows, within } from '../prove.ts'

/** A service of which everything may be allowed, to whom the policy names; `*` stands for all of them. */
interface Scope {
  readonly service: string
  readonly principal: Principal | undefined
  /** The statements that speak of it. */
  readonly statements: readonly number[]
}

/**
 * Services of which everything is allowed on everything, whatever the facts: by one statement, which then stands for
 * itself, or by several, of which the first does. A Deny beside them narrows what is allowed, and is named.
 */
export function lintBroad(document: PolicyDocument, kind: PolicyKind): readonly Found[] {
  const layerOf: LayerOf = (statements) =>
    compileLayer(kind, [{ name: 'document', document: { ...document, Statement: statements } }])
  const found: Found[] = []
  /** Statements that have been named for every service need not be for one. */
  const named = new Set<number>()
  for (const scope of scopes(document)) {
    const everything = everythingOf(scope)
    const cover = (indices: readonly number[]): boolean =>
      covers(layerOf(indices.flatMap((index) => document.Statement[index] ?? [])), layerOf([everything]), scope)
    const single = scope.statements.filter((index) => cover([index]))
    // One that allows all but some other service does not stand for each that is left.
    const alone = single.filter((index) => servicesOf(document.Statement[index]).includes(scope.service))
    const parts = single.length === 0 ? fewest(scope.statements, cover) : []
    const [first, ...others] = parts
    for (const index of first === undefined ? alone : [first]) {
      if (named.has(index)) continue
      if (scope.service === '*') named.add(index)
      const what = scope.service === '*' ? 'every action of every service' : `every action of ${scope.service}`
      const who =
        others.length === 0
          ? 'it allows'
          : `together with ${others.map((other) => nameOf(document, other)).join(' and ')} it allows`
      const but = exceptions(document, layerOf, everything)
      found.push({
        code: 'lint.broad',
        statement: index,
        message: `${who} ${what} on everything, whatever the facts${but}`,
      })
    }
  }
  return found
}

type LayerOf = (statements: readonly Statement[]) => LayerSet

/** So many statements as are needed to cover it; none where all of them do not. */
function fewest(statements: readonly number[], cover: (statements: readonly number[]) => boolean): readonly number[] {
  if (!cover(statements)) return []
  let needed = statements
  for (const one of statements) {
    const without = needed.filter((other) => other !== one)
    if (cover(without)) needed = without
  }
  return needed
}

/** Services by whom the statements that name them speak of, all of them first. */
function scopes({ Statement }: PolicyDocument): readonly Scope[] {
  const found = new Map<string, { readonly service: string; readonly principal: Principal | undefined }>()
  for (const source of Statement) {
    if (source.Effect === 'Deny') continue
    for (const service of servicesOf(source)) {
      found.set(JSON.stringify([service, source.Principal]), { service, principal: source.Principal })
    }
  }
  return [...found.values()]
    .toSorted((left, right) => Number(right.service === '*') - Number(left.service === '*'))
    .map((scope) => ({
      ...scope,
      statements: [...Statement.keys()].filter((index) => {
        const source = Statement[index]
        if (source === undefined || source.Effect === 'Deny') return false
        if (JSON.stringify(source.Principal) !== JSON.stringify(scope.principal)) return false
        if (scope.service === '*' || source.Action === undefined) return true
        return servicesOf(source).some((one) => one === '*' || one === scope.service)
      }),
    }))
}

function servicesOf(source: Statement | undefined): readonly string[] {
  if (source?.Action === undefined) return ['*']
  return [
    ...new Set(
      listOf(source.Action).map((pattern) =>
        pattern.startsWith('*') ? '*' : pattern.slice(0, pattern.indexOf(':')).toLowerCase(),
      ),
    ),
  ]
}

function everythingOf({ service, principal }: Scope): Statement {
  const whom = principal === undefined ? {} : { Principal: principal }
  return { Effect: 'Allow', ...whom, Action: service === '*' ? '*' : `${service}:*`, Resource: '*' }
}

function covers(layer: LayerSet, everything: LayerSet, { service, principal }: Scope): boolean {
  // One request of which nothing is known settles nearly all of them without a proof.
  const bare = { ...stranger, action: `${service === '*' ? 'example' : service}:Example` }
  return (principal !== undefined || allows(layer, bare)) && within(everything, layer).holds === true
}

const stranger: AccessRequest = {
  id: '',
  transaction: '',
  subject: { kind: 'user', id: 'arn:aws:iam::111122223333:role/example', name: 'example', roles: [] },
  action: '',
  resource: 'arn:aws:example:::example',
  context: {},
  actors: [],
}

/** The Denies that take something of it away, in words. */
function exceptions(document: PolicyDocument, layerOf: LayerOf, everything: Statement): string {
  const denying = [...document.Statement.entries()].filter(
    ([, source]) =>
      source.Effect === 'Deny' && within(layerOf([everything]), layerOf([everything, source])).holds !== true,
  )
  const names = denying.map(([index]) => nameOf(document, index))
  return names.length === 0 ? '' : `, but for what ${names.join(' and ')} denies`
}

function nameOf({ Statement }: PolicyDocument, index: number): string {
  return Statement[index]?.Sid ?? `statement ${index + 1}`
}
