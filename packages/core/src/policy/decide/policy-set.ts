import { type Layer, SallyportError } from '@sallyport/core/access'

import type { NamedPolicy, PolicyLayers, PolicyLevel } from '../document.ts'
import type { PolicyFault, PolicyKind } from '../fault.ts'
import { isAccountName } from '../match/caller.ts'
import { namesDemanded } from '../match/principal.ts'
import { validateDocument } from '../read/parse-policy.ts'
import { unasked, wanted } from './hearing.ts'
import { makeRows, type Placed, type Rows } from './rows.ts'
import { type CompiledStatement, compileStatements } from './statement.ts'
import { type Index, indexStatements } from './statement-index.ts'

/** Everything that one layer, or one level of it, says. */
export interface LayerSet {
  readonly kind: 'layer'
  readonly layer: Layer
  readonly statements: readonly CompiledStatement[]
  readonly mayAllow: boolean
  readonly mayDeny: boolean
  /** Its own index, made when it is first asked: a set that was compiled at once has one for all its layers. */
  readonly index: () => Index
  /** Whether no Allow names anybody closer than by the account. */
  readonly namesAccountsOnly: boolean
}

/** All that speaks on one caller's access to one resource, compiled. It is never changed. */
export interface PolicySet {
  readonly kind: 'set'
  /** Every layer and level there is, outermost first. */
  readonly layers: readonly LayerSet[]
  readonly places: Places
  /** By place: `unasked` where no Allow counts or none stands, `wanted` elsewhere. */
  readonly allowing: readonly number[]
  readonly mayDeny: boolean
  /** Of all layers at once; undefined where the layers have been put together from others. */
  readonly index: Index | undefined
  /** The levels that must each allow. */
  readonly serviceControl: readonly LayerSet[]
  readonly endpoint: LayerSet | undefined
  readonly resource: LayerSet
  readonly identity: LayerSet
  readonly boundary: LayerSet | undefined
  readonly session: LayerSet | undefined
}

/** Where in `layers` each stands; -1 where it is not there. */
interface Places {
  readonly resourceControl: readonly number[]
  readonly serviceControl: readonly number[]
  readonly endpoint: number
  readonly resource: number
  readonly identity: number
  readonly boundary: number
  readonly session: number
}

/** Layers that were compiled before, to be put together. */
export interface LayerSets {
  readonly guardrails?: LayerSet | undefined
  readonly resourceControl?: readonly LayerSet[] | undefined
  readonly serviceControl?: readonly LayerSet[] | undefined
  readonly endpoint?: LayerSet | undefined
  readonly resource?: LayerSet | undefined
  readonly identity?: LayerSet | undefined
  readonly boundary?: LayerSet | undefined
  readonly session?: LayerSet | undefined
}

/**
 * Compiles policies once, for many decisions. Throws `SallyportError` with code `policy.invalid` when a document is not
 * valid: an unknown operator that is skipped inside a Deny would open a door.
 */
export function compile(layers: PolicyLayers): PolicySet {
  const reader = validating()
  const one = (kind: PolicyKind, policies: readonly NamedPolicy[] | undefined): LayerSet | undefined =>
    policies === undefined ? undefined : compileLayer(kind, reader.valid(kind, policies))
  const levels = (kind: PolicyKind, given: readonly PolicyLevel[] | undefined): readonly LayerSet[] =>
    (given ?? []).map(({ policies }) => compileLayer(kind, reader.valid(kind, policies)))
  const set = assemble({
    guardrails: one('guardrail', layers.guardrails),
    resourceControl: levels('resource-control', layers.resourceControl),
    serviceControl: levels('service-control', layers.serviceControl),
    endpoint: one('endpoint', layers.endpoint),
    resource: one('resource', layers.resource && [layers.resource]),
    identity: one('identity', layers.identity),
    boundary: one('boundary', layers.boundary),
    session: one('session', layers.session),
  })
  reader.finish()
  return joined(set)
}

/** The same set with one index for all its layers, so that one walk asks all of them. */
export function joined(set: PolicySet, rows: Rows = makeRows()): PolicySet {
  const placed = set.layers.flatMap(({ statements }, place) => placedAt(statements, place))
  return { ...set, index: indexStatements(placed, rows) }
}

/** Puts compiled layers together. A layer that must speak and is not there says nothing, and so allows nothing. */
export function assemble(sets: LayerSets): PolicySet {
  const { guardrails, resourceControl = [], serviceControl = [], endpoint, boundary, session } = sets
  const resource = sets.resource ?? emptyLayers.resource
  const identity = sets.identity ?? emptyLayers.identity
  const layers: LayerSet[] = []
  const allowing: number[] = []
  const put = (layer: LayerSet, counts = true): number => {
    allowing.push(counts && layer.mayAllow ? wanted : unasked)
    return layers.push(layer) - 1
  }
  if (guardrails !== undefined) put(guardrails, false)
  const places = {
    resourceControl: resourceControl.map((level) => put(level, false)),
    serviceControl: serviceControl.map((level) => put(level)),
    endpoint: endpoint === undefined ? -1 : put(endpoint),
    resource: put(resource),
    identity: put(identity),
    boundary: boundary === undefined ? -1 : put(boundary),
    session: session === undefined ? -1 : put(session),
  }
  const mayDeny = layers.some((layer) => layer.mayDeny)
  const parts = { serviceControl, endpoint, resource, identity, boundary, session }
  return { kind: 'set', layers, places, allowing, mayDeny, index: undefined, ...parts }
}

/**
 * Compiles the policies of one layer, or of one level of it. They must be valid: `parsePolicy` says so. Layers that are
 * asked together may share their rows.
 */
export function compileLayer(kind: PolicyKind, policies: readonly NamedPolicy[], rows?: Rows): LayerSet {
  const layer: Layer = kind === 'trust' ? 'resource' : kind
  const statements = policies.flatMap((policy) => compileStatements(layer, policy))
  const allows = statements.filter(({ denies }) => !denies)
  let index: Index | undefined
  return {
    kind: 'layer',
    layer,
    statements,
    mayAllow: allows.length > 0,
    mayDeny: allows.length < statements.length,
    index: () => (index ??= indexStatements(placedAt(statements, 0), rows)),
    namesAccountsOnly: allows.every(({ source }) => namesDemanded(source)?.every(isAccountName) === true),
  }
}

function placedAt(statements: readonly CompiledStatement[], place: number): readonly Placed[] {
  return statements.map((statement) => ({ statement, place, onResource: false }))
}

/** Layers with nothing in them: they deny nothing and allow nothing. */
export const emptyLayers: Readonly<Record<'guardrail' | 'resource' | 'identity' | 'session', LayerSet>> = {
  guardrail: compileLayer('guardrail', []),
  resource: compileLayer('resource', []),
  identity: compileLayer('identity', []),
  session: compileLayer('session', []),
}

/** Collects what is wrong with any of several documents, to refuse all of them at the end. */
export function validating(): {
  readonly valid: (kind: PolicyKind, policies: readonly NamedPolicy[]) => readonly NamedPolicy[]
  readonly finish: () => void
} {
  const faults: PolicyFault[] = []
  return {
    valid: (kind, policies) =>
      policies.flatMap(({ name, document }) => {
        const read = validateDocument(document, kind, name)
        if (read.ok) return [{ name, document: read.document }]
        faults.push(...read.faults)
        return []
      }),
    finish: () => {
      const [first] = faults
      if (first === undefined) return
      const others = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`
      throw new SallyportError('policy.invalid', `policy ${first.policy}, ${first.path}: ${first.message}${others}`)
    },
  }
}
