import type { Caller } from '../match/caller.ts'
import type { Facts } from '../match/facts.ts'
import { type Hearing, unasked, unheard, wanted } from './hearing.ts'
import { compileLayer, emptyLayers, type LayerSet, type PolicySet } from './policy-set.ts'
import { isUnderResourceControl, isUnderServiceControl, type Side, sideOf } from './sides.ts'
import type { CompiledStatement } from './statement.ts'

/**
 * What decided: an Allow statement (allowed), a Deny statement (denied explicitly), or a layer that had to allow and
 * did not (denied implicitly).
 */
export type Verdict = CompiledStatement | LayerSet

/**
 * IAM's evaluation: a Deny anywhere wins; every ceiling must allow; then whoever has the say (`sideOf`). All statements
 * are heard in one walk; what is allocated does not grow with them.
 */
export function judge(set: PolicySet, facts: Facts): Verdict {
  const side = sideOf(facts)
  if (side === 'nobody') return freeForAll
  const heard = hear(set, facts, side)
  if (heard.denied !== undefined) return heard.denied
  const ceiling = lackingCeiling(set, heard)
  if (ceiling !== undefined) return ceiling
  switch (side) {
    case 'asker':
      return byAsker(set, heard)
    case 'owner':
      return granted(set, heard, set.places.resource) ?? set.resource
    case 'both':
      return isGranted(heard, set.places.resource) ? byAsker(set, heard) : set.resource
    case 'either':
      return byOwner(set, heard) ?? byAsker(set, heard)
    case 'owner-admits': {
      const direct = byOwner(set, heard)
      if (direct !== undefined) return direct
      return isGranted(heard, set.places.resource) ? byAsker(set, heard) : set.resource
    }
  }
}

/** Asks every statement that may speak of the request. */
function hear(set: PolicySet, facts: Facts, side: Side): Hearing {
  const { places, layers } = set
  const allows = set.allowing.slice()
  if (side === 'owner') allows[places.identity] = unasked
  // Nobody closer than by the account is named: with one account, that says nothing.
  const isMute = side === 'either' && set.resource.namesAccountsOnly && facts.caller.kind !== 'root'
  if (side === 'asker' || isMute) allows[places.resource] = unasked
  for (const place of silentPlaces(set, facts.caller)) allows[place] = unheard
  let open = 0
  for (const place of allows) if (place === wanted) open += 1
  const hearing: Hearing = {
    facts,
    base: 0,
    granted: allows,
    open,
    owner: places.resource,
    enough: side === 'owner' || side === 'both' ? 1 : 3,
    ownerGrade: 0,
    denied: undefined,
    deniedAt: layers.length,
    mayDeny: set.mayDeny,
  }
  if (set.index !== undefined) {
    set.index.hear(hearing)
    return hearing
  }
  for (let place = 0; place < layers.length; place += 1) {
    const layer = layers[place]
    if (layer === undefined || allows[place] === unheard || (allows[place] === unasked && !layer.mayDeny)) continue
    hearing.base = place
    layer.index().hear(hearing)
  }
  return hearing
}

const everywhere: readonly number[] = []

/** Where a set has levels that do not reach this caller: neither their Allows nor their Denies count. */
export function silentPlaces({ places }: PolicySet, caller: Caller): readonly number[] {
  const own = isUnderServiceControl(caller) ? everywhere : places.serviceControl
  return isUnderResourceControl(caller) ? own : [...own, ...places.resourceControl]
}

function isGranted(heard: Hearing, place: number): boolean {
  return (heard.granted[place] ?? unasked) >= 0
}

/** The Allow that was found at a place. */
function granted(set: PolicySet, heard: Hearing, place: number): CompiledStatement | undefined {
  // Below 0 stand those that nothing was found for, and no statements.
  return (set.index ?? set.layers[place]?.index())?.statements[heard.granted[place] ?? unasked]
}

function lackingCeiling({ places, layers, endpoint }: PolicySet, heard: Hearing): LayerSet | undefined {
  if (isUnderServiceControl(heard.facts.caller)) {
    for (const place of places.serviceControl) if (!isGranted(heard, place)) return layers[place]
  }
  return endpoint !== undefined && !isGranted(heard, places.endpoint) ? endpoint : undefined
}

/**
 * The owner's word alone (IAM, "Permissions boundaries": resource-based policies): naming the caller itself it is
 * enough, naming the role or user behind a session it stays within boundary and session policy. Undefined when it names
 * neither.
 */
function byOwner(set: PolicySet, heard: Hearing): Verdict | undefined {
  const found = granted(set, heard, set.places.resource)
  if (found === undefined || heard.ownerGrade < 2) return undefined
  return heard.ownerGrade === 3 ? found : withinLimits(set, heard, found)
}

function byAsker(set: PolicySet, heard: Hearing): Verdict {
  const found = heard.facts.caller.kind === 'root' ? ownAccount : granted(set, heard, set.places.identity)
  return found === undefined ? set.identity : withinLimits(set, heard, found)
}

/** An account's root user has what no policy gives: everything of its own account. */
export function identityOf(set: PolicySet, caller: Caller): LayerSet {
  return caller.kind === 'root' ? accountRoot : set.identity
}

/** A federated user without a session policy has none of the powers behind it. */
export function sessionOf(set: PolicySet, caller: Caller): LayerSet | undefined {
  return set.session ?? (caller.kind === 'federated-user' ? emptyLayers.session : undefined)
}

function withinLimits(set: PolicySet, heard: Hearing, found: CompiledStatement): Verdict {
  if (set.boundary !== undefined && !isGranted(heard, set.places.boundary)) return set.boundary
  const session = sessionOf(set, heard.facts.caller)
  return session !== undefined && !isGranted(heard, set.places.session) ? session : found
}

const everything = (name: string): LayerSet =>
  compileLayer('identity', [
    { name, document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } },
  ])
const accountRoot = everything('account-root')
const [ownAccount] = accountRoot.statements as readonly [CompiledStatement]
const [freeForAll] = everything('needs-no-permission').statements as readonly [CompiledStatement]
