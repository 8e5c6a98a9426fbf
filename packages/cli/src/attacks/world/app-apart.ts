import { readdirSync, readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Instruction, Outcome } from '../hostile-app/src/instruction.ts'
import { type ClientAnswer, send } from './client.ts'
import type { Closing } from './closing.ts'
import { type RunningApp, startApp } from './running-app.ts'
import type { Tokens } from './tokens.ts'

/** A server of its own, for what would end the others' too: an ordinary user's, without control groups. */
export interface AppApart {
  readonly app: RunningApp
  readonly pid: number
  call(instruction: Instruction): Promise<ClientAnswer>
  inside(instruction: Instruction): Promise<Outcome>
  /** Of its boxes, now. */
  processes(): Promise<readonly number[]>
  /** How many there were when it had served. */
  readonly seen: number
}

/** One function that does what it is told. */
export const manifestApart = `app: apart
issuers: { embedded: { users: { alice: [customer] } } }
people: { customer: {} }
zones: { public: { from: [internet] } }
functions:
  shop:
    zone: public
    code: src/hostile.ts
    routes: { POST /do: { who: [customer] } }
`

/** How to start one in this folder as a user who is nobody here. `first` is done in the same namespace before. */
export async function asSomebody(
  folder: string,
  { manifest, first = 'true' }: { readonly manifest: string | undefined; readonly first?: string },
): Promise<Parameters<typeof startApp>[0]> {
  await cp(join(import.meta.dirname, '../hostile-app/src'), join(folder, 'src'), { recursive: true })
  if (manifest !== undefined) await writeFile(join(folder, 'sallyport.yaml'), manifest)
  const become = ['/usr/bin/unshare', '-U', '--map-user=1000', '--map-group=1000', '--keep-caps']
  // The capabilities are for `first` alone: what begins here holds none of them.
  const drop = '/usr/bin/setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all'
  const inside = [...become, '/bin/bash', '-c', `${first}; exec ${drop} -- "$@"`, 'apart']
  return { folder, port: 0, issuerPort: 0, environment: {}, write: () => undefined, inside }
}

/** Starts it, and has it serve once. */
export async function openAppApart(
  folder: string,
  token: Tokens,
  outcomeIn: (answer: ClientAnswer) => Outcome,
  closing: Closing,
): Promise<AppApart> {
  const app = await startApp({ ...(await asSomebody(folder, { manifest: manifestApart })), closing })
  const call = async (instruction: Instruction): Promise<ClientAnswer> =>
    send(app, { path: '/do', body: JSON.stringify(instruction), token: await token(app, 'alice') })
  await call({ do: 'wait', ms: 0 })
  const pid = app.pid ?? 0
  return {
    app,
    pid,
    call,
    inside: async (instruction) => outcomeIn(await call(instruction)),
    processes: () => Promise.resolve(processesBelow(pid)),
    seen: processesBelow(pid).length,
  }
}

function processesBelow(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    )
    return children.flatMap((child) => [child, ...processesBelow(child)])
  } catch {
    return [] // it has ended meanwhile
  }
}
