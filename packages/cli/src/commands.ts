import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core'

import type { Terminal } from './terminal.ts'
import { attack } from './verbs/attack.ts'
import { completeRoute, completion } from './verbs/completion.ts'
import { doctor } from './verbs/doctor.ts'
import { approve, request, requests } from './verbs/elevation.ts'
import { invoke } from './verbs/invoke.ts'
import { logs } from './verbs/logs.ts'
import { secret } from './verbs/secret.ts'
import { dev, up } from './verbs/server.ts'
import { why } from './verbs/why.ts'

/** Every verb, in the order in which a newcomer meets them. */
export const commands: RouteMap<Terminal> = buildRouteMap({
  docs: {
    brief: 'Zero trust for serverless functions',
    hideRoute: { [completeRoute]: true },
  },
  routes: {
    up,
    dev,
    invoke,
    logs,
    why,
    attack,
    request,
    approve,
    requests,
    secret,
    doctor,
    completion,
  },
})
