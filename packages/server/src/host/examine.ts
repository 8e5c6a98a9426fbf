import { rootCommandLine } from '@sallyport/core/access'

import { scratchBytes } from './box/box-options.ts'
import { elsewhereStrengths } from './elsewhere/strengths.ts'
import type { Strength } from './engine.ts'
import { haltPollPath, readHaltPollNs, usualHaltPollNs } from './kernel/idle.ts'
import { hardRequirements, probeIsolation } from './kernel/isolation.ts'
import { probeRunsc, type Runsc } from './kernel/runsc.ts'
import { pythonVersion } from './runtime/runtimes.ts'
import { readRights, tryDropping } from '../start/index.ts'

/** One row of what this machine can do for functions, and how strongly it holds. */
export interface HostFinding {
  readonly control: string
  /** Absent where it is no control, but something that makes the others slower. */
  readonly strength?: Strength
  /** Without it nothing runs. */
  readonly required: boolean
  readonly detail: string
  /** The command that mends it, ready to paste. */
  readonly fix?: string
}

/** Every control that `sallyport doctor` tells of: what boxes rest on, by trying it, and what stands around them. */
export async function examineHost(): Promise<readonly HostFinding[]> {
  const { usable, findings } = await probeIsolation()
  const boxes = findings.map((finding) => ({ ...finding, required: hardRequirements.has(finding.control) }))
  return [
    ...boxes,
    network(usable),
    scratch(usable),
    parsers(usable),
    serverRights(),
    python(),
    ...engines(usable),
    ...strongTier(await probeRunsc()),
    ...idleProcessors(readHaltPollNs()),
  ]
}

function network(usable: boolean): HostFinding {
  const detail = usable ? 'a box has its own empty network; every address leads to its own doors' : 'no box can be made'
  return { control: 'network', strength: usable ? 'hard' : 'absent', required: false, detail }
}

function parsers(usable: boolean): HostFinding {
  const detail = usable
    ? 'what a box sends to its doors is parsed by a process of its own, without files, keys or network'
    : 'no box can be made'
  return { control: 'door-parsers', strength: usable ? 'hard' : 'absent', required: false, detail }
}

function scratch(usable: boolean): HostFinding {
  const detail = usable
    ? `/tmp in memory, of ${scratchBytes / 1024 / 1024} MiB; nothing else is writable`
    : 'no box can be made'
  return { control: 'disk', strength: usable ? 'hard' : 'absent', required: false, detail }
}

/** Each engine that `engine:` may name, and the strength that its functions' records carry. */
function engines(usable: boolean): readonly HostFinding[] {
  const box: HostFinding = {
    control: 'engine box',
    strength: usable ? 'hard' : 'absent',
    required: false,
    detail: usable ? 'one sandbox per instance of a function' : 'no box can be made',
  }
  const detail = 'workerd inside a box, for apps that install workerd; its client checks no tickets'
  return [
    box,
    { ...box, control: 'engine workerd', ...(usable ? { detail } : {}) },
    ...(['http', 'lambda'] as const).map((name) => ({
      control: `engine ${name}`,
      required: false,
      ...elsewhereStrengths[name],
    })),
  ]
}

/** As root it is tried: `up` would do the same. */
function serverRights(): HostFinding {
  const control = 'server-rights'
  if (readRights().kind !== 'root')
    return { control, strength: 'hard', required: false, detail: 'the server has no rights beyond your own' }
  const tried = tryDropping()
  if (tried.why !== undefined) {
    const detail = `up refuses to start as root, and does with --keep-root only: ${tried.why}`
    return { control, strength: 'absent', required: false, detail }
  }
  const detail = "started by root, the server gives it up, for a uid of the app's own"
  return { control, strength: 'hard', required: false, detail }
}

function python(): HostFinding {
  const control = 'python'
  const version = pythonVersion()
  if (version !== undefined)
    return { control, strength: 'hard', required: false, detail: `functions in Python run on Python ${version}` }
  const fix = rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', 'python3')
  return { control, strength: 'absent', required: false, detail: 'no functions in Python: no /usr/bin/python3', fix }
}

/** A kernel for each box, and so what may stand between tenants that are hostile to each other. */
function strongTier(runsc: Runsc): readonly HostFinding[] {
  const common = { required: false, ...(runsc.usable || runsc.fix === undefined ? {} : { fix: runsc.fix }) }
  const strength: Strength = runsc.usable ? 'hard' : 'absent'
  return [
    {
      ...common,
      control: 'engine gvisor',
      strength,
      detail: runsc.usable ? `${runsc.path} (${runsc.version}) makes containers here` : runsc.why,
    },
    {
      ...common,
      control: 'boundary-between-tenants',
      strength,
      detail: runsc.usable
        ? 'functions with engine: gvisor have a kernel of their own; the others share this one'
        : 'boxes share this kernel; functions of hostile tenants need engine: gvisor, or a machine each',
    },
  ]
}

/**
 * Told only where something can be done about it. A call through a door takes four steps between processes more than
 * one without, and each wakes somebody.
 */
export function idleProcessors(haltPollNs: number | undefined): readonly HostFinding[] {
  if (haltPollNs !== 0) return []
  return [
    {
      control: 'idle-processors',
      required: false,
      detail:
        'this virtual machine halts its processors at once where Linux looks for work for 0.2 ms first: ' +
        'with nothing else to do, a call through a door takes some 0.2 ms longer for it',
      fix: rootCommandLine(process.getuid?.(), 'sh', '-c', `echo ${usualHaltPollNs} >${haltPollPath}`),
    },
  ]
}
