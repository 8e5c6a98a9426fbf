import { randomBytes } from 'node:crypto'

import type { DecisionRecord, Secret } from '@sallyport/core/access'
import type { TicketClaims } from '@sallyport/core/identity'
import { type App, setSecretFix } from '@sallyport/manifest'

import { createUpstreams } from './egress/index.ts'
import {
  type BoxEngineOptions,
  createBoxEngine,
  createHttpEngine,
  createLambdaEngine,
  type Engine,
  type Engines,
  openedWhenNeeded,
  routeEngines,
} from './host/index.ts'
import { awsCredentials } from './app/index.ts'
import { type Ending, nowMs } from './operation/index.ts'
import { readRights, type ServerOptions } from './start/index.ts'

/** What the engines need of the other rooms. */
interface EngineRooms {
  readonly app: () => App
  readonly box: Omit<BoxEngineOptions, 'clock' | 'random'>
  readonly signTicket: (claims: TicketClaims) => Promise<string>
  readonly useSecret: (name: string) => Secret<string> | undefined
  /** Whether one more file descriptor may be opened for a function that runs elsewhere. */
  readonly mayOpen: () => boolean
}

/** Opens every engine: boxes here, and the two whose functions run elsewhere. What was started ends with `started`. */
export async function openEngines(rooms: EngineRooms, started: Ending[]): Promise<Engines> {
  const { app, box, signTicket, useSecret } = rooms
  const common = { clock: nowMs, random: (bytes: number) => randomBytes(bytes) }
  const upstreams = createUpstreams(undefined, rooms.mayOpen)
  started.push(() => upstreams.close())
  const remote = { ...common, send: upstreams.call, signTicket, onOutput: box.onOutput }
  const credentials = awsCredentials(useSecret, (name) => setSecretFix(app(), name))
  const openBoxes = (): Promise<Engine> => createBoxEngine({ ...common, ...box })
  const engines = routeEngines({
    // Before anything is built where a function needs one: what is missing is then said of boxes, not of a build.
    box: app().functions.some(({ elsewhere }) => elsewhere === undefined)
      ? await openBoxes()
      : openedWhenNeeded(openBoxes),
    http: createHttpEngine(remote),
    lambda: createLambdaEngine({ ...remote, credentials: (name) => credentials(`The function ${name}`) }),
  })
  started.push(() => engines.close())
  return engines
}

/**
 * How strongly whatever a decision lets run is kept apart, as its record says it: the function that a route or a call
 * leads to, and for what leaves a box the function in it as well.
 */
export function isolationIn(
  { door, subjectName, asked }: Pick<DecisionRecord, 'door' | 'subjectName' | 'asked'>,
  isolationOf: Engines['isolationOf'],
): string {
  const called = asked.flatMap(({ resource }) => functionIn(resource) ?? [])
  const names = door === 'egress' ? [subjectName, ...called] : called
  return [...new Set(names.length === 0 ? [isolationOf('')] : names.map(isolationOf))].join(', ')
}

/** `arn:sallyport:route:APP:ZONE:FUNCTION/…` and `arn:sallyport:function:APP:ZONE:FUNCTION/…`. */
function functionIn(resource: string): string | undefined {
  return /^arn:sallyport:(?:route|function):[^:]*:[^:]*:([^/]+)(?:\/|$)/.exec(resource)?.[1]
}

/** What records say of boxes: how strongly they hold, and what was asked for that makes them weaker. */
export function isolationOfBoxes({ inspect }: Pick<ServerOptions, 'inspect'>): string {
  const kept = readRights().kind === 'root' ? ', root kept' : ''
  return `box (hard)${inspect === undefined ? '' : ', debug'}${kept}`
}
