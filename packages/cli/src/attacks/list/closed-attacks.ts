import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import type { Attack, Attempt, Control } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'
import { asSomebody, manifestApart } from '../world/app-apart.ts'
import { errorCode } from '../world/client.ts'
import { startApp } from '../world/running-app.ts'
import type { World } from '../world/world.ts'

const memory: Instruction = { do: 'flood', of: 'memory', forMs: 100 }

/** What is there when a part of the ground is not: nothing may run, or pass, that the part would have held back. */
export const closedAttacks: readonly Attack[] = [
  {
    name: 'closed.manifest',
    tries: 'start the server without its manifest',
    stoppedBy: 'policy',
    expected: ['cli.no_app'],
    run: async () => starting({ manifest: undefined }),
    controls: 'the same folder with it',
    control: apartServes,
  },
  {
    name: 'closed.namespaces',
    tries: 'start it where the kernel allows no user namespaces',
    stoppedBy: 'box',
    expected: ['host.isolation_unavailable'],
    run: async () => starting({ manifest: manifestApart, first: 'echo 0 >/proc/sys/user/max_user_namespaces' }),
    controls: 'the same, where it allows them',
    control: apartServes,
  },
  {
    name: 'closed.control-groups',
    tries: 'take more memory than is given, where there are no control groups',
    stoppedBy: 'box',
    expected: ['function.out_of_memory', 'function.exited', 'ERR_MEMORY_ALLOCATION_FAILED'],
    run: async (world) => attemptInside(await (await world.apart()).inside(memory)),
    controls: 'the same code outside a box',
    control: async (world) => controlInside(await world.outside(memory)),
  },
  {
    name: 'closed.ledger',
    tries: 'call a function while nothing more can be written down',
    stoppedBy: 'door',
    expected: ['gateway.unavailable'],
    run: async (world) => {
      const apart = await world.apart()
      await limitFiles(apart.pid, '1:unlimited')
      try {
        const { status, code } = await apart.call({ do: 'wait', ms: 0 })
        return { stopped: status >= 500, code: code ?? `HTTP ${status}`, evidence: 'no record, so no call' }
      } finally {
        await limitFiles(apart.pid, 'unlimited:unlimited')
      }
    },
    controls: 'the same call once it can be',
    control: async (world) => controlInside(await (await world.apart()).inside({ do: 'wait', ms: 0 })),
  },
  {
    name: 'closed.door',
    tries: 'run on after the door’s own process was killed',
    stoppedBy: 'kernel',
    expected: ['gone'],
    run: async (world) => {
      const apart = await world.apart()
      const left = await apart.processes()
      process.kill(apart.pid, 'SIGKILL')
      for (let tries = 0; tries < 100 && left.some(isAlive); tries += 1) await sleep(100)
      const alive = left.filter(isAlive).length
      const evidence = `${alive} of ${left.length} processes of boxes were left`
      return { stopped: alive === 0, code: alive === 0 ? 'gone' : 'alive', evidence }
    },
    controls: 'the same processes before it',
    control: async (world) => {
      const found = (await world.apart()).seen
      return { succeeded: found > 0, evidence: `${found} processes of boxes` }
    },
  },
]

async function apartServes(world: World): Promise<Control> {
  const { status } = (await world.apart()).app
  return { succeeded: true, evidence: status.isolation }
}

/** What became of a start that must not succeed. */
async function starting(how: { readonly manifest: string | undefined; readonly first?: string }): Promise<Attempt> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-attack-'))
  try {
    const app = await startApp(await asSomebody(folder, how))
    await app.close()
    return { stopped: false, code: 'serves', evidence: app.status.isolation }
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    const [, code = errorCode(error)] = /(?:\berror |\()([a-z_]+\.[a-z_]+)/.exec(said) ?? []
    return { stopped: true, code, evidence: said.slice(said.indexOf('\n') + 1) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** No file of that process may grow beyond this, as on a disk that is full. */
async function limitFiles(pid: number, bytes: string): Promise<void> {
  await promisify(execFile)('/usr/bin/prlimit', ['--pid', `${pid}`, `--fsize=${bytes}`])
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}
