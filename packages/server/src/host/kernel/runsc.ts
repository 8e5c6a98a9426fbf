import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { findCgroups } from './cgroups.ts'
import { areComplete, findTools } from '../tools.ts'
import { bystander } from '../../start/index.ts'

/** What of gVisor is here. */
export type Runsc =
  | { readonly usable: true; readonly path: string; readonly version: string }
  | { readonly usable: false; readonly why: string; readonly fix?: string }

const places = ['/usr/bin/runsc', '/usr/local/bin/runsc']

/** Finds runsc and makes a container with it, as a box would, in a network and under a user of its own. */
export async function probeRunsc(paths: readonly string[] = places): Promise<Runsc> {
  const path = paths.find(isExecutable)
  if (path === undefined) {
    const fix = rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', 'runsc')
    return { usable: false, why: 'there is no runsc', fix }
  }
  if (findCgroups() === undefined)
    return { usable: false, why: "without control groups nothing bounds the memory of gVisor's own kernel" }
  const { found: tools } = findTools()
  if (!areComplete(tools)) return { usable: false, why: 'a program that boxes need is missing' }
  const inside = ['--rootless', '--network=host', '--ignore-cgroups', 'do', '/bin/true']
  const tried = await run(tools.unshare, ['-U', '-r', '-n', '--', path, ...inside])
  if (!tried.ok) return { usable: false, why: `runsc makes no container here: ${tried.said.slice(0, 300)}` }
  const { said } = await run(path, ['--version'])
  return { usable: true, path, version: said.split('\n')[0] ?? '' }
}

/** The path of a runsc that works here. Throws `host.engine_missing`, with the line that installs it if one does. */
export async function requireRunsc(paths?: readonly string[]): Promise<string> {
  const found = await probeRunsc(paths)
  if (found.usable) return found.path
  const { why, fix } = found
  throw new SallyportError(
    'host.engine_missing',
    `engine: gvisor is asked for, and ${why}`,
    fix === undefined ? {} : { fix },
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function run(program: string, argv: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { TMPDIR: '/tmp' },
      cwd: '/',
      timeout: 15_000,
      ...bystander(), // boxes are made under functions' uids: what somebody without rights may do is what counts
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => void (said.length < 4_096 && (said += chunk.toString('utf8'))))
    child.once('error', (error) => resolve({ ok: false, said: error.message }))
    child.once('close', (code) => resolve({ ok: code === 0, said: said.trim() }))
  })
}
