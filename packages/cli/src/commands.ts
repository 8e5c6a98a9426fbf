import { buildRouteMap, type Command, type RouteMap } from '@stricli/core'

import type { Terminal } from './terminal.ts'
import { allow } from './verbs/allow.ts'
import { attack } from './verbs/attack.ts'
import { can } from './verbs/can.ts'
import { completion } from './verbs/completion.ts'
import { decide } from './verbs/decide.ts'
import { diff } from './verbs/diff.ts'
import { doctor } from './verbs/doctor.ts'
import { approve, deny, grants, request, requests, revoke } from './verbs/elevation.ts'
import { init } from './verbs/init.ts'
import { invoke } from './verbs/invoke.ts'
import { learn } from './verbs/learn.ts'
import { login, logout } from './verbs/login.ts'
import { lint } from './verbs/lint.ts'
import { logs } from './verbs/logs.ts'
import { policy } from './verbs/policy.ts'
import { prove } from './verbs/prove.ts'
import { quarantine, release } from './verbs/quarantine.ts'
import { secret } from './verbs/secret.ts'
import { dev, up } from './verbs/server.ts'
import { signals } from './verbs/signals.ts'
import { test } from './verbs/test.ts'
import { token } from './verbs/token.ts'
import { user } from './verbs/user.ts'
import { who } from './verbs/who.ts'
import { why } from './verbs/why.ts'

/** Every verb, by what somebody comes for, in the order in which a newcomer meets them. */
export const verbs: Readonly<Record<string, Readonly<Record<string, Command<Terminal> | RouteMap<Terminal>>>>> = {
  'Begin and run': { init, up, dev, invoke, logs, doctor },
  'Ask what was decided, and what would be': { why, who, can, test, policy },
  'Change what is allowed': { allow, learn, diff },
  'Sign in': { login, logout, token },
  'Administer a running server': {
    secret,
    user,
    request,
    approve,
    deny,
    requests,
    grants,
    revoke,
    quarantine,
    release,
    signals,
  },
  'Judge policies and defences': { decide, prove, lint, attack },
  'For the shell': { completion },
}

/** The same as one map, which is what a command line is read by. */
export const commands: RouteMap<Terminal> = buildRouteMap({
  docs: { brief: 'Zero trust for serverless functions' },
  routes: Object.fromEntries(Object.values(verbs).flatMap((group) => Object.entries(group))),
})
