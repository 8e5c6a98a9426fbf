import { compileLayer, type LayerSet, type NamedPolicy, type Proof, within } from '@sallyport/core/policy'

import type { App, Fault, FunctionDeclaration, Zone } from '../app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { closedByZones, compileGuardrails } from '../compile/guardrails.ts'
import { collectRules } from '../compile/rules.ts'
import { collectFaults, type Faults } from '../source/faults.ts'
import { type Attached, attachedGrants, layerOf, simpler } from './attached.ts'
import { concernOf } from './concern.ts'
import { checkUse } from './left-over.ts'
import { functionParty } from './party.ts'
import { inWords } from './reach.ts'

/**
 * Zones are ceilings of attached documents as they are of `can`: a statement that allows its function any call that a
 * zone closes to it is an error, found by proof whatever its patterns and conditions. Everything else that may deny,
 * guardrail documents above all, only narrows, and a statement is an error where nothing is left of it. What cannot be
 * proved is refused (docs/decisions/0022).
 */
export function checkCeilings(compiled: CompiledApp, app: App): readonly Fault[] {
  const faults = collectFaults()
  const zones = [everything, ...compileGuardrails(app, collectRules())]
  const ceiling = compileLayer('identity', zones)
  const isConcerned = concernOf(compiled)
  for (const one of app.functions) {
    for (const grant of attachedGrants(compiled, one)) {
      if (![grant.statement.Action ?? '*'].flat().some(isConcerned)) continue
      const proof = keepsWithin(one, grant, ceiling)
      if (proof.holds === true) checkUse(grant, one, compiled, app, faults)
      else report(proof, grant, one, app, ceiling, faults)
    }
  }
  return faults.all()
}

const everything: NamedPolicy = {
  name: 'everything',
  document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
}

/** Whether zones deny nothing of what the statement allows the function, whoever is behind it. */
function keepsWithin(one: FunctionDeclaration, grant: Attached, ceiling: LayerSet, resource?: string): Proof {
  const { caller, facts } = functionParty(one)
  const own = [grant.statement.Action ?? '*'].flat().map((action) => action.toLowerCase())
  for (const action of closedByZones) {
    if (!own.some((written) => /[*?]/.test(written) || written === action.toLowerCase())) continue
    const proof = within(layerOf(grant, resource), ceiling, { caller, action }, [{ Condition: facts }])
    if (proof.holds !== true) return proof
  }
  return { holds: true }
}

function report(
  proof: Exclude<Proof, { readonly holds: true }>,
  grant: Attached,
  one: FunctionDeclaration,
  app: App,
  ceiling: LayerSet,
  faults: Faults,
): void {
  if (proof.holds === 'unknown') {
    const claim = `Whether this statement keeps within the zones that ${one.name} may call cannot be proved`
    faults.add('manifest.ceiling_unproved', grant.at, `${claim}: ${proof.message} (${proof.code}).`, simpler)
    return
  }
  const { action, resource, context } = proof.witness
  const zone = app.zones.find(({ name }) => name === resource.split(':')[4])
  const resources = [grant.statement.Resource ?? []].flat()
  const outside = resources.filter((pattern) => keepsWithin(one, grant, ceiling, pattern).holds !== true)
  const without =
    outside.length < resources.length ? `take ${outside.join(' and ')} out of the statement` : 'take the statement away'
  faults.add(
    'manifest.zone_ceiling',
    grant.at,
    `${one.name} is in ${one.zone}, and this statement allows it ${action} on ${resource}${inWords(context)}; ` +
      `${zone?.name ?? 'its zone'} takes calls from ${zone?.from.join(', ') || 'nobody'} only.`,
    zone === undefined ? without : `${without}, or: ${opened(zone, one)}`,
  )
}

function opened({ name, from }: Zone, one: FunctionDeclaration): string {
  return `${name}: { from: [${[...from, one.zone].join(', ')}] }`
}
