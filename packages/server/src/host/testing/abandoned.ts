import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { mark } from '../kernel/abandoned.ts'
import { areComplete, findTools, type Tools } from '../tools.ts'

/** The system's programs, and a bubblewrap in this folder: what ends sandboxes of another one ends none of these. */
export function ownTools(folder: string): Tools {
  const { found } = findTools()
  if (!areComplete(found)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const bwrap = join(folder, 'bwrap')
  if (!existsSync(bwrap)) copyFileSync(found.bwrap, bwrap)
  chmodSync(bwrap, 0o755)
  return { ...found, bwrap }
}

/** Options of a bubblewrap that makes its sandbox's first process and then holds back the word that this waits for. */
export function held(blockedBy: number, saidTo: number): readonly string[] {
  const namespaces = ['--unshare-user', '--unshare-pid', '--die-with-parent', '--ro-bind', '/', '/']
  return [...namespaces, '--info-fd', String(saidTo), '--userns-block-fd', String(blockedBy)]
}

/** The first process of a sandbox whose bubblewrap waits with its word, and that one. */
export async function heldSandbox(bwrap: string, marked: boolean): Promise<{ watch: ChildProcess; first: number }> {
  const options = [...(marked ? ['--unshare-uts', ...mark] : []), ...held(0, 2), '--', '/bin/true']
  const watch = spawn(bwrap, marked ? [...mark, ...options] : options, { stdio: ['pipe', 'ignore', 'ignore'], env: {} })
  return { watch, first: await firstBelow(watch.pid ?? 0) }
}

/** The process that a bubblewrap has made, once there is one. */
export async function firstBelow(watch: number): Promise<number> {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(5)) {
    const path = `/proc/${watch}/task/${watch}/children`
    const first = existsSync(path) ? Number(/^\d+/.exec(readFileSync(path, 'latin1'))) : 0
    if (first > 0 && /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${first}/status`, 'latin1'))) return first
  }
  throw new Error('no sandbox was begun')
}
