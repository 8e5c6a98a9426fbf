import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { SallyportError } from '@sallyport/core/access'

import type { BoxEvent, BoxSurroundings } from './box/box-surroundings.ts'
import type { BoxExtras } from './box/box-options.ts'
import { type CgroupRoots, engineGroups, findCgroups, removeEngineGroups } from './kernel/cgroups.ts'
import type { AttachExits, Engine, OutputLine } from './engine.ts'
import type { FunctionImage } from './image.ts'
import { endAbandoned } from './kernel/abandoned.ts'
import { describeIsolation, hardRequirements, type Isolation, probeIsolation } from './kernel/isolation.ts'
import { openInspector } from './box/inspector.ts'
import { createPool, type Pool } from './pool/pool.ts'
import { createReserve } from './pool/reserve.ts'
import { discardBox, prepareBlank } from './box/prepared-box.ts'
import { type StartParser, startParser } from './box/parser-process.ts'
import { prepareRuntimeFolder } from './box/runtime-folder.ts'
import { areComplete, findTools, type FoundTools } from './tools.ts'
import { chooseBlock, readRights } from '../start/index.ts'
import { createTurns } from './pool/turns.ts'
import { assignUids } from './uids.ts'

/** What the server gives the engine. */
export interface BoxEngineOptions {
  /** A folder of the server's own; see `runtimeFolderFor`. */
  readonly runtimeDir: string
  /** The Node that runs in boxes: `process.execPath`. */
  readonly execPath: string
  readonly attachExits: AttachExits
  readonly boxExtras: (image: FunctionImage, boxId: string) => BoxExtras
  /**
   * The authority of `boxExtras`, as it is now. Where it is given, boxes wait that belong to no function yet; without
   * it every box is made for its function.
   */
  readonly caPem?: () => string
  readonly onOutput: (line: OutputLine) => void
  readonly onEvent: (event: BoxEvent) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  /** As root, kept or given up: the uids of functions, one each; `up` gives every app a block of its own. */
  readonly uidRange?: { readonly first: number; readonly count: number }
  /** How long a box may be idle before its processes are stopped; ten seconds when absent. */
  readonly freezeAfterMs?: number
  /** What parses for boxes; a process in a sandbox of its own when absent. */
  readonly startParser?: StartParser
  /** The function whose boxes may be debugged. */
  readonly inspect?: string
  /** How it is found out what isolation there is here; `probeIsolation` when absent. */
  readonly probe?: () => Promise<Isolation>
  /** Where its programs are found; among those of the system when absent. */
  readonly findTools?: () => FoundTools
}

/** A start takes some 100 ms of a processor; one that takes longer delays others by this at most. */
const turnMs = 1_000

/**
 * Opens the box engine. Throws `host.isolation_unavailable`, with the command that mends it, rather than run
 * anything in less than a box; throws `host.runtime_folder` when its folder will not do.
 */
export async function createBoxEngine(options: BoxEngineOptions): Promise<Engine> {
  const isolation = await (options.probe ?? probeIsolation)()
  const { found: tools } = (options.findTools ?? findTools)()
  if (!isolation.usable || !areComplete(tools)) throw unavailable(isolation)
  const runtime = await prepareRuntimeFolder(options.runtimeDir, options.execPath)
  const cgroups = findCgroups()
  const engineId = `sallyport-${process.pid}-${Buffer.from(options.random(4)).toString('hex')}`
  if (cgroups !== undefined) sweep(cgroups)
  await endAbandoned(tools.bwrap)
  const janitor = cgroups && startJanitor(tools.bash, cgroups, engineId)
  // No more than there are processors: twice as many are done some seventh sooner, and hold up everybody else.
  const turns = createTurns(availableParallelism(), turnMs)
  const uids = assignUids(options.uidRange ?? functionUids(options.runtimeDir), process.getuid?.() === 0)
  const boxFolders = await openBoxFolders(join(runtime.folder, 'boxes'), engineId)
  const around: BoxSurroundings = {
    startParser: (place) => startParser(runtime, tools, place),
    ...options,
    engineId,
    runtime,
    tools,
    uids,
    boxFolders,
    cgroups,
    turns,
  }
  const inspector = options.inspect === undefined ? undefined : await openInspector(runtime, tools)
  const { caPem } = options
  const reserve =
    caPem &&
    createReserve({
      make: (kind) => prepareBlank(kind, caPem(), around),
      fill: async ({ blank }, { codeDir }) => blank?.fill(codeDir),
      isCurrent: ({ blank }) => blank?.caPem === caPem(),
      discard: (prepared) => discardBox(prepared, around),
    })
  const pools = new Map<string, Pool>()
  const replaced = new Set<Pool>()
  let closed = false
  const keepReserve = (): void => reserve?.keepFor([...pools.values()].map(({ image }) => image))

  return {
    name: 'box',
    strength: isolation.strength,
    description: [
      describeIsolation({ ...isolation, findings: [...isolation.findings, ...keptRoot()] }),
      ...(inspector ? [`debug: ${options.inspect} at ${inspector.address}`] : []),
    ].join('; '),
    deploy: (images) => {
      for (const image of images) {
        const before = pools.get(image.name)
        if (before !== undefined && sameImage(before.image, image)) continue
        const pool = createPool(image, around, {
          uid: uids.ofFunction(image.name),
          ...(reserve === undefined ? {} : { reserve }),
          ...(options.inspect === image.name && inspector !== undefined ? { inspector } : {}),
        })
        pools.set(image.name, pool)
        if (before === undefined) continue
        pool.adopt(before.drain())
        replaced.add(before)
      }
      keepReserve()
      return Promise.resolve()
    },
    withdraw: async (functionName) => {
      const own = [...pools.values(), ...replaced].filter(({ image }) => image.name === functionName)
      pools.delete(functionName)
      keepReserve()
      await Promise.all(own.map((pool) => pool.close()))
    },
    invoke: (invocation) => {
      const pool = closed ? undefined : pools.get(invocation.functionName)
      if (pool !== undefined) return pool.invoke(invocation)
      const message = closed ? 'the server is stopping' : `no function ${invocation.functionName} is in service`
      return Promise.resolve({ kind: 'error', code: 'function.busy', message })
    },
    close: async () => {
      closed = true
      await Promise.all([...pools.values(), ...replaced, ...(reserve ? [reserve] : [])].map((one) => one.close()))
      await rm(boxFolders, { recursive: true, force: true })
      await inspector?.close()
      if (cgroups !== undefined) removeEngineGroups(cgroups, engineId)
      if (janitor !== undefined) await dismiss(janitor)
    },
  }
}

function unavailable({ findings }: Isolation): SallyportError {
  const missing = findings.filter(({ control, strength }) => strength === 'absent' && hardRequirements.has(control))
  const fix = missing.find((finding) => finding.fix !== undefined)?.fix
  const detail = missing.map(({ control, detail: why }) => `${control}: ${why}`).join('; ')
  return new SallyportError(
    'host.isolation_unavailable',
    `functions cannot be isolated here: ${detail}`,
    fix === undefined ? {} : { fix },
  )
}

/** A folder for this engine's boxes; those of engines whose process is gone are removed. */
async function openBoxFolders(parent: string, engineId: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o711 })
  const stale = (await readdir(parent)).filter((name) => !isAlive(makerOf(name)))
  for (const name of stale) await rm(join(parent, name), { recursive: true, force: true })
  const folder = join(parent, engineId)
  await mkdir(folder, { mode: 0o711 }) // a function's uid opens its own folder by its path, and lists none
  return folder
}

/** Said in the banner: who asked for it by name sees that it is so. */
function keptRoot(): Isolation['findings'] {
  if (readRights().kind !== 'root') return []
  return [{ control: 'server-rights', strength: 'absent', detail: 'root is kept' }]
}

function functionUids(runtimeDir: string): { first: number; count: number } {
  const rights = readRights()
  return (rights.kind === 'dropped' ? rights.block : chooseBlock({ stateFolder: runtimeDir }, [])).functions
}

function sameImage(a: FunctionImage, b: FunctionImage): boolean {
  return isDeepStrictEqual(a, b)
}

/** Control groups outlive their makers; the groups of engines whose process is gone are removed. */
function sweep(cgroups: CgroupRoots): void {
  for (const name of engineGroups(cgroups)) {
    if (!isAlive(makerOf(name))) removeEngineGroups(cgroups, name)
  }
}

/**
 * Waits on a pipe for the server's end, whatever its cause, and then empties and removes its control groups: a
 * killed server can do nothing itself, and `--die-with-parent` removes no group.
 */
function startJanitor(bash: string, cgroups: CgroupRoots, engineId: string): ChildProcess {
  const script = `
    read -r _
    for try in {1..50}; do
      left=
      for folder; do
        for procs in "$folder"/*/cgroup.procs; do
          [[ -e $procs ]] || continue
          while read -r pid; do kill -9 "$pid"; done <"$procs"
          rmdir "\${procs%/*}" || left=1
        done
        [[ -d $folder ]] && { rmdir "$folder" || left=1; }
      done 2>/dev/null
      [[ $left ]] || exit 0
      sleep 0.05
    done`
  const folders = [...new Set(Object.values(cgroups.folders))].map((folder) => `${folder}/${engineId}`)
  const janitor = spawn(bash, ['--norc', '--noprofile', '-c', script, 'sallyport-janitor', ...folders], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
    detached: true, // a Ctrl-C at the terminal must not end it before its work
  })
  janitor.on('error', () => undefined) // the next engine's sweep does the same work
  janitor.stdin?.on('error', () => undefined)
  janitor.unref()
  return janitor
}

async function dismiss(janitor: ChildProcess): Promise<void> {
  if (janitor.exitCode !== null || janitor.signalCode !== null || janitor.pid === undefined) return
  const exited = new Promise((resolve) => janitor.once('exit', resolve))
  janitor.ref()
  janitor.stdin?.end()
  await exited
}

function makerOf(engineId: string): number {
  return Number(/^sallyport-(\d+)-/.exec(engineId)?.[1])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
