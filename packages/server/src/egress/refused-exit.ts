import { type Deny, type Reason, SallyportError } from '@sallyport/core/access'

import type { Invocation } from '../host/index.ts'
import { awsRefusal } from './aws/aws.ts'
import type { Box } from './box.ts'
import type { Exit } from './exit.ts'
import type { Head } from './listen/head.ts'
import { type ExitResponse, refusalResponse } from './refusal.ts'

/** The exit for what is refused without asking any policy; it still is decided and recorded. */
export function refusedExit(
  box: Box,
  invocation: Invocation | undefined,
  way: { readonly resource: string; readonly action: string; readonly reason?: Reason },
  inAwsForm?: Head,
): Exit<ExitResponse> {
  return {
    box,
    invocation,
    asks: [{ action: way.action, resource: way.resource }],
    ...(way.reason === undefined ? {} : { refusal: way.reason }),
    durability: 'written',
    refuse: (decision: Deny) =>
      inAwsForm === undefined ? refusalResponse(decision) : awsRefusal('AccessDeniedException', decision, inAwsForm),
    pass: (grant) => {
      throw new SallyportError('egress.refusal_ignored', `a refused exit was admitted as ${grant.decision.id}`)
    },
  }
}
