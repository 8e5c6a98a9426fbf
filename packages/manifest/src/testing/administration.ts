import { actions, arn, contextKeys, type AccessRequest } from '@sallyport/core/access'

import type { App } from '../app.ts'
import { subjectKey } from '../compile/administration.ts'

/** What a test says of somebody who does an administrative act. `requester: 'self'` approves their own request. */
export interface AdministratorFacts {
  readonly roles: readonly string[]
  readonly mfa: boolean
  readonly device: boolean
  readonly requester?: string
  /** Leaves the subject's own ARN out of the context. */
  readonly nameless?: boolean
}

const actionOf: readonly (readonly [RegExp, string])[] = [
  [/^elevation\/request\//, actions.requestElevation],
  [/^elevation\/approve\//, actions.approveElevation],
  [/^elevation\/revoke\//, actions.revokeElevation],
  [/^elevation\/break-glass\//, actions.breakGlass],
  [/^users$/, actions.manageUsers],
  [/^revocation$/, actions.revoke],
  [/^secret\//, actions.setSecret],
  [/^configuration$/, actions.applyConfiguration],
  [/^function\//, actions.invokeDirectly],
]

/** The request that the administration gate makes of an act. */
export function administrationRequest(app: App, path: string, facts: AdministratorFacts): AccessRequest {
  const id = arn.user(app.name, 'tester')
  const requester = facts.requester === 'self' ? id : facts.requester
  return {
    id: '1'.repeat(32),
    transaction: '2'.repeat(32),
    subject: { kind: 'user', id, name: 'tester', roles: facts.roles },
    action: actionOf.find(([pattern]) => pattern.test(path))?.[1] ?? '',
    resource: arn.admin(app.name, path),
    context: {
      [contextKeys.roles]: facts.roles,
      [contextKeys.mfa]: facts.mfa,
      [contextKeys.deviceManaged]: facts.device,
      ...(facts.nameless === true ? {} : { [subjectKey]: id }),
      ...(requester === undefined ? {} : { [contextKeys.requester]: [requester] }),
    },
    actors: [],
  }
}
