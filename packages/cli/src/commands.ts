import { buildRouteMap, type RouteMap } from '@stricli/core'

import type { Terminal } from './terminal.ts'
import { attack } from './verbs/attack.ts'
import { can } from './verbs/can.ts'
import { completion } from './verbs/completion.ts'
import { doctor } from './verbs/doctor.ts'
import { approve, request, requests } from './verbs/elevation.ts'
import { invoke } from './verbs/invoke.ts'
import { logs } from './verbs/logs.ts'
import { secret } from './verbs/secret.ts'
import { dev, up } from './verbs/server.ts'
import { test } from './verbs/test.ts'
import { why } from './verbs/why.ts'

/** Every verb, in the order in which a newcomer meets them. */
export const commands: RouteMap<Terminal> = buildRouteMap({
  docs: { brief: 'Zero trust for serverless functions' },
  routes: {
    up,
    dev,
    invoke,
    logs,
    why,
    can,
    test,
    attack,
    request,
    approve,
    requests,
    secret,
    doctor,
    completion,
  },
})
