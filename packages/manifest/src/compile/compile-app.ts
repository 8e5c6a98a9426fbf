import { compilePolicies, type AppPolicies, type Authority } from '@sallyport/core/policy'

import type { App } from '../app.ts'
import type { Position } from '../position.ts'
import { compileAdministration } from './administration.ts'
import { compileExchange } from './exchange.ts'
import { compileGuests } from './guests.ts'
import { compileGuardrails } from './guardrails.ts'
import { compileAttached, compileIdentities } from './identities.ts'
import { compileOffers, compileRoutes } from './routes.ts'
import { compileSeparations } from './separation.ts'
import { collectRules } from './rules.ts'

/** An app as the policy engine sees it. */
export interface CompiledApp {
  readonly policies: AppPolicies
  /** Sid → where the rule stands that it was made from. */
  readonly origins: ReadonlyMap<string, Position>
  readonly authority: Authority
}

/** Compiles an app: zones to denies, `can` to identity policies, `who`, `offers` and `jit` to resource policies. */
export function compileApp(app: App): CompiledApp {
  const rules = collectRules()
  const policies: AppPolicies = {
    guardrails: [
      ...compileGuardrails(app, rules),
      ...(app.guardrailPolicies ?? []).map((policy) => compileAttached(policy, 'guardrail', rules)),
      ...compileSeparations(app, rules),
      ...compileGuests(app, rules),
    ],
    identity: new Map(compileIdentities(app, rules)),
    resource: new Map([
      ...compileRoutes(app, rules),
      ...compileOffers(app, rules),
      ...compileAdministration(app, rules),
      ...compileExchange(app, rules),
    ]),
  }
  return { policies, origins: rules.origins, authority: compilePolicies(policies) }
}
