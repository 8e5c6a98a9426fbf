import { type AccessRequest, contextKeys } from '@sallyport/core/access'
import {
  assemble,
  decide,
  type LayerSet,
  type PolicySet,
  type Proof,
  type Statement,
  unreachable,
} from '@sallyport/core/policy'

import type { App, FunctionDeclaration } from '../app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { type Faults, showPosition } from '../source/faults.ts'
import { type Attached, layerOf, simpler } from './attached.ts'
import { functionParty } from './party.ts'
import { inWords } from './reach.ts'

/** Notes a statement of which nothing is left: no request is allowed by it beside all that denies or must allow too. */
export function checkUse(
  grant: Attached,
  one: FunctionDeclaration,
  compiled: CompiledApp,
  app: App,
  faults: Faults,
): void {
  const { guardrails } = compiled.authority
  const sets = setsFor(grant, compiled, guardrails)
  const likely = likelyRequests(grant, one, compiled)
  const isUsed = sets.some(({ set, resource }) =>
    likely.some(
      (request) => decide(set, [resource === undefined ? request : { ...request, resource }]).effect === 'allow',
    ),
  )
  if (isUsed) return
  const unused = everyProof(sets, grant, one)
  if (unused.holds === false) return
  // One whose own conditions exclude each other, or this function, is not what ceilings are about: `lint` finds it.
  const { caller, facts } = functionParty(one)
  const own = unreachable(layerOf(grant), [{ Condition: facts }], { caller })
  if (own.holds === true) return
  const open = [unused, own].find((proof) => proof.holds === 'unknown')
  if (open?.holds === 'unknown') {
    const claim = 'Whether the guardrails leave anything of this statement cannot be proved'
    faults.add('manifest.ceiling_unproved', grant.at, `${claim}: ${open.message} (${open.code}).`, simpler)
    return
  }
  if (own.holds !== false) return
  if (everyProof(setsFor(grant, compiled, undefined), grant, one).holds === true)
    opensNothing(grant, own.witness, one, app, faults)
  else deniedWhole(grant, own.witness, compiled, faults)
}

interface Asked {
  readonly set: PolicySet
  /** The resource whose policy is in the set; every other where none is. */
  readonly resource?: string
}

/** All that speaks on what the statement allows: where a function is called, for each that it may mean. */
function setsFor(grant: Attached, { authority }: CompiledApp, guardrails: LayerSet | undefined): readonly Asked[] {
  const identity = layerOf(grant)
  const starts = [grant.statement.Resource ?? []].flat().map((pattern) => pattern.replace(/[*?$].*$/s, ''))
  const called = [...authority.resource].filter(
    ([resource]) =>
      resource.startsWith('arn:sallyport:function:') && starts.some((start) => resource.startsWith(start)),
  )
  return [
    { set: assemble({ guardrails, identity }) },
    ...called.map(([resource, layer]) => ({ resource, set: assemble({ guardrails, resource: layer, identity }) })),
  ]
}

/** That no set allows the function anything; refuted by the first that does. */
function everyProof(sets: readonly Asked[], { statement }: Attached, one: FunctionDeclaration): Proof {
  const { caller, facts } = functionParty(one)
  // Of its own actions only: there is one that needs nobody's leave.
  const question = { Action: statement.Action ?? '*', Condition: facts }
  let open: Proof | undefined
  for (const { set, resource } of sets) {
    const proof = unreachable(set, [question], { caller, ...(resource === undefined ? {} : { resource }) })
    if (proof.holds === false) return proof
    if (proof.holds === 'unknown') open ??= proof
  }
  return open ?? { holds: true }
}

/** Requests as the statement describes them: where one of these is allowed, nothing has to be proved. */
function likelyRequests(
  { statement }: Attached,
  one: FunctionDeclaration,
  { authority }: CompiledApp,
): readonly AccessRequest[] {
  const { caller } = functionParty(one)
  const context = Object.fromEntries([
    ...authority.guardrails.statements.flatMap(({ source }) => likelyFacts(source, false)),
    ...likelyFacts(statement, true),
    [contextKeys.sourceZone, one.zone],
  ])
  return [statement.Resource ?? []].flat().flatMap((resource) =>
    [statement.Action ?? []].flat().map((action): AccessRequest => ({
      id: '0'.repeat(32),
      transaction: '0'.repeat(32),
      subject: { kind: 'function', id: caller, name: one.name, roles: [] },
      action,
      resource: withoutStars(resource),
      context,
      actors: [],
    })),
  )
}

/** Facts with which a statement may hold, or may not; only a guess, of which the engine is asked. */
function likelyFacts(
  { Condition = {} }: Statement,
  wanted: boolean,
): readonly (readonly [string, string | readonly string[]])[] {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, values]) => {
      const [first = ''] = [values].flat()
      const isNegated = operator.includes('Not') || operator === 'Null'
      if (operator.includes('Bool')) return [[key, String((String(first) === 'true') === wanted)] as const]
      if (isNegated === wanted) return []
      const value = operator === 'Null' ? 'example' : withoutStars(first)
      return [[key, operator.startsWith('For') ? [value] : value] as const]
    }),
  )
}

function withoutStars(pattern: string | number | boolean): string {
  return String(pattern).replaceAll('*', 'example').replaceAll('?', 'x')
}

/** Whoever else must allow what the statement names does not. */
function opensNothing(
  { at }: Attached,
  { resource }: AccessRequest,
  one: FunctionDeclaration,
  app: App,
  faults: Faults,
): void {
  const [, , service = '', , , path = ''] = resource.split(':')
  const target = app.functions.find(({ name }) => name === path.slice(0, path.indexOf('/')))
  const operation = path.slice(path.indexOf('/') + 1)
  if (service === 'function') {
    const fix =
      target?.offers.includes(operation) === true
        ? `functions: { ${one.name}: { can: { ${target.name}: [${operation}] } } }`
        : 'take the statement away'
    const message = `This statement grants nothing: a call of ${resource} is granted under can, and only there.`
    faults.add('manifest.grants_nothing', at, message, fix)
    return
  }
  const message = `This statement grants nothing: ${resource} is opened under who or administration, to people.`
  faults.add('manifest.grants_nothing', at, message, 'take the statement away')
}

function deniedWhole(
  grant: Attached,
  witness: AccessRequest,
  { authority, origins }: CompiledApp,
  faults: Faults,
): void {
  const { action, resource, context } = witness
  const [reason] = decide(assemble({ guardrails: authority.guardrails, identity: layerOf(grant) }), [witness]).reasons
  const origin = origins.get(reason?.rule ?? '')
  faults.add(
    'manifest.grants_nothing',
    grant.at,
    `This statement grants nothing: all of it is denied, ${action} on ${resource}${inWords(context)}` +
      `${origin === undefined ? '' : ` by ${showPosition(origin)}`}.`,
    'take the statement away, or narrow what denies it',
  )
}
