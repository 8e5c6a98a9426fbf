import { actions, contextKeys } from '@sallyport/core/access'
import type { NamedPolicy } from '@sallyport/core/policy'

import type { App } from '../app.ts'
import type { Rules } from './rules.ts'

/** The actions that a zone closes to whom it does not name; a zone says nothing of any other. */
export const closedByZones: readonly string[] = [actions.invokeFunction, actions.callRoute]

/**
 * Zones compile to denies alone (DESIGN §3). The operator is negated, so an absent source zone is denied too:
 * a caller whose place nobody vouches for is nowhere.
 */
export function compileGuardrails(app: App, rules: Rules): readonly NamedPolicy[] {
  const zones = app.zones.map((zone): NamedPolicy => ({
    name: `zone/${zone.name}`,
    document: {
      Version: '2012-10-17',
      Statement: [
        rules.statement(['zone', zone.name, 'closed'], zone.at, {
          Effect: 'Deny',
          Action: closedByZones,
          Resource: [
            `arn:sallyport:function:${app.name}:${zone.name}:*`,
            `arn:sallyport:route:${app.name}:${zone.name}:*`,
          ],
          ...(zone.from.length === 0
            ? {}
            : { Condition: { StringNotEquals: { [contextKeys.sourceZone]: zone.from } } }),
        }),
      ],
    },
  }))
  return zones
}
