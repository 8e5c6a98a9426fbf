import type { App } from '@sallyport/manifest'

import type { Administration } from './administration/index.ts'
import type { AdministrativeActs } from './api/index.ts'
import type { RoleRules } from './kept-state.ts'
import { elevationRuleOf, personOf, powersOf } from './app/index.ts'
import type { People } from './people.ts'

/** What the manifest in force, and the provider's own users, say of who may be elevated to what. */
export function roleRules(app: () => App, people: () => Pick<People, 'mayHold' | 'linked'>): RoleRules {
  return {
    ruleOf: (role) => elevationRuleOf(app(), role),
    powersOf: (role) => powersOf(app(), role),
    samePerson: (one, other) => personOf(app(), one, people().linked()).includes(other),
    mayHold: (account, role) => people().mayHold(app(), account, role),
    webhook: () => app().elevationWebhook,
    streams: () => app().signals ?? [],
  }
}

/** The part of the administrative verbs that administration itself carries out. */
export function elevationActs(
  app: () => App,
  administration: Administration,
  linked: People['linked'],
): Pick<
  AdministrativeActs,
  | 'elevation'
  | 'personOf'
  | 'requestElevation'
  | 'breakGlass'
  | 'approveElevation'
  | 'denyElevation'
  | 'endElevation'
  | 'revoke'
> {
  return {
    elevation: administration.find,
    personOf: (account) => personOf(app(), account, linked()),
    requestElevation: administration.request,
    breakGlass: administration.breakGlass,
    approveElevation: administration.approve,
    denyElevation: administration.deny,
    endElevation: administration.end,
    revoke: administration.revoke,
  }
}

/** Every request for elevation, with how many persons must approve it by now. */
export function elevationsOf(administration: Administration, rules: RoleRules): { readonly requests: unknown } {
  const requests = administration
    .list()
    .map((request) => ({ ...request, approvalsNeeded: rules.ruleOf(request.role)?.approvals ?? 1 }))
  return { requests }
}
