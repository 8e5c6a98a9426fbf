import { spawn, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The top of the checkout, absolute. */
export const top: string = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** One program of a check or a test run. */
export interface Step {
  /** What it shows, in the words that are printed: `types`. */
  readonly name: string
  /** Arguments to this very Node. Programs are never found by name: a clean PATH may hold an older Node. */
  readonly node: readonly string[]
  readonly cwd?: string
  /** The whole environment of the step; absent passes ours on. */
  readonly environment?: NodeJS.ProcessEnv
  /** Numeric user and group that the step runs as; only root may ask for this. */
  readonly as?: number
  /** How far it steps back before others, 0 to 19: for what runs beside steps that wait for deadlines. */
  readonly nice?: number
  /** Prints everything at its end: for what runs beside other steps, whose lines would stand between its own. */
  readonly atOnce?: boolean
}

const running = new Set<ChildProcess>()
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

for (const signal of forwarded) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 128 + constants.signals[signal]
    if (running.size === 0) process.exit()
  })
}

/**
 * Runs one step as a direct child and gives its exit code, or 128 + the signal that ended it.
 * A signal to the runner goes to the child; when the child has ended by it, the runner ends too.
 */
export function run(step: Step): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, step.node, {
      cwd: step.cwd ?? top,
      env: step.environment ?? process.env,
      stdio: ['ignore', ...(step.atOnce === true ? (['pipe', 'pipe'] as const) : (['inherit', 'inherit'] as const))],
      ...(step.as === undefined ? {} : { uid: step.as, gid: step.as }),
    })
    running.add(child)
    // Before it makes threads or children of its own, which inherit it.
    if (step.nice !== undefined && child.pid !== undefined) setPriority(child.pid, step.nice)
    child.once('error', reject)
    const printed: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => printed.push(chunk))
    child.once('close', (code, signal) => {
      running.delete(child)
      process.stdout.write(Buffer.concat(printed))
      if (process.exitCode !== undefined) process.exit()
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}
