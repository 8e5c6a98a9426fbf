import { type ChildProcess, fork } from 'node:child_process'

import type { GuestInput } from './input.ts'
import { type AskMessage, type LoadMessage, printable, readAnswer, type Said } from './messages.ts'

/** Why a guest gave no verdict. */
export type GuestFault =
  | 'guest.late'
  | 'guest.ended'
  | 'guest.unavailable'
  | 'guest.busy'
  | 'guest.undefined'
  | 'guest.faulty'

/** What came of one request: a verdict, or a fault. */
export type Verdict = { readonly latencyMs: number; readonly detail?: string } & (
  | { readonly verdict: 'allow' | 'deny' }
  | { readonly fault: GuestFault }
)

/** What is kept running, and for how long one may wait for it. */
export interface Kept extends Omit<LoadMessage, 'kind'> {
  readonly name: string
  readonly deadlineMs: number
}

/** One guest's process, started again when it ends. */
export interface Keeper {
  /** One verdict per input, in order. Never rejects, and returns once the deadline (its own unless said) has passed. */
  ask(inputs: readonly GuestInput[], deadlineMs?: number): Promise<readonly Verdict[]>
  close(): Promise<void>
  /** For tests: the process that runs now. */
  readonly pid: () => number | undefined
}

/** How long a guest may take to load; a loaded machine has this much. */
const loadMs = 30_000
/** Asks that one guest may hold at a time. */
const mostPending = 256
const firstRestMs = 100
const longestRestMs = 30_000
/** A guest that ran this long without ending may start again at once. */
const steadyMs = 60_000

interface Pending {
  readonly sentAt: number
  readonly deadlineMs: number
  /** Only the first outcome counts. */
  readonly settle: (outcome: readonly Said[] | Unsaid) => void
}

interface Unsaid {
  readonly fault: GuestFault
  readonly detail: string
}

/**
 * Starts a guest. A process of its own, because a module may bring its process down: a heap that is full ends all of
 * it, whatever the limits of a thread. Rejects with what its engine says where it cannot be loaded.
 */
export async function keepGuest(kept: Kept, tell: (line: string) => void): Promise<Keeper> {
  const pending = new Map<number, Pending>()
  let running: ChildProcess | undefined
  let ready = false
  let closed = false
  let ended: Promise<void> = Promise.resolve()
  let endings = 0
  let nextId = 0
  let lastAnswerAt = 0
  let rest: NodeJS.Timeout | undefined

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = startProcess(kept)
      const startedAt = performance.now()
      const slow = setTimeout(() => child.kill('SIGKILL'), loadMs)
      let unloadable: string | undefined
      running = child
      ended = new Promise((gone) => {
        const end = (cause: string): void => {
          if (running !== child) return
          clearTimeout(slow)
          running = undefined
          ready = false
          const waiting = [...pending.values()]
          pending.clear()
          for (const one of waiting) one.settle({ fault: 'guest.ended', detail: cause })
          reject(new Error(unloadable ?? `its process ended while it was loaded: ${cause}`))
          endings = performance.now() - startedAt > steadyMs ? 1 : endings + 1
          gone()
        }
        child.once('error', (error) => end(error.message))
        child.once('exit', (code, signal) => end(signal === null ? `exit ${code}` : signal))
      })
      child.on('message', (message: unknown) => {
        const answer = readAnswer(message)
        if (answer?.kind === 'ready') {
          clearTimeout(slow)
          ready = true
          resolve()
        } else if (answer?.kind === 'unloadable') {
          unloadable = answer.message
          child.kill('SIGKILL')
        } else if (answer?.kind === 'answer') {
          lastAnswerAt = performance.now()
          pending.get(answer.id)?.settle(answer.said)
          pending.delete(answer.id)
        }
      })
      child.send({ kind: 'load', ...kept } satisfies LoadMessage & Kept)
    })

  /** Starts it again after a rest that doubles, and goes on doing so. */
  const restartOnceEnded = (): void => {
    void ended.then(() => {
      if (closed) return
      const restMs = Math.min(longestRestMs, firstRestMs * 2 ** Math.min(endings - 1, 16))
      tell(`the guest ${kept.name} ended; it is started again in ${restMs} ms`)
      rest = setTimeout(() => {
        const began = start()
        restartOnceEnded()
        began.catch((error: unknown) => tell(`the guest ${kept.name}: ${error instanceof Error ? error.message : ''}`))
      }, restMs).unref()
    })
  }

  const first = start()
  await first
  restartOnceEnded()

  /** Ends a process that has held the first ask longer than its deadline; a later one may only have had to wait. */
  const endIfStuck = (): void => {
    const [head] = pending.values()
    if (head === undefined || running === undefined) return
    const waitedMs = performance.now() - Math.max(head.sentAt, lastAnswerAt)
    if (waitedMs >= head.deadlineMs) running.kill('SIGKILL')
    else setTimeout(endIfStuck, head.deadlineMs - waitedMs).unref()
  }

  return {
    ask: (inputs, deadlineMs = kept.deadlineMs) => {
      const sentAt = performance.now()
      const { promise, resolve } = Promise.withResolvers<readonly Verdict[]>()
      const settle: Pending['settle'] = (outcome) => {
        const latencyMs = Math.round((performance.now() - sentAt) * 10) / 10
        const each = 'fault' in outcome ? inputs.map(() => outcome) : outcome
        // One verdict for each, or there is none for any: a list that is too short must not be read as an answer.
        const all = each.length === inputs.length ? each : inputs.map(() => unmatched)
        resolve(all.map((said) => ({ ...said, latencyMs })))
      }
      if (!ready || running === undefined) settle({ fault: 'guest.unavailable', detail: 'it is being started again' })
      else if (pending.size >= mostPending) settle({ fault: 'guest.busy', detail: `${pending.size} asks wait for it` })
      else {
        const id = nextId++
        pending.set(id, { sentAt, deadlineMs, settle })
        running.send({ kind: 'ask', id, inputs } satisfies AskMessage, (error) => {
          if (error === null) return
          settle({ fault: 'guest.ended', detail: printable(error.message) })
        })
        // An answer may have come while this process was busy, and must be read before it is found to be late.
        setTimeout(() => setImmediate(late), deadlineMs).unref()
        function late(): void {
          if (!pending.has(id)) return
          settle({ fault: 'guest.late', detail: `no answer within ${deadlineMs} ms` })
          endIfStuck()
        }
      }
      return promise
    },
    close: async () => {
      closed = true
      clearTimeout(rest)
      running?.kill('SIGKILL')
      await ended
    },
    pid: () => running?.pid,
  }
}

const unmatched: Unsaid = { fault: 'guest.faulty', detail: 'it did not answer each request' }

/** A runtime with nothing of ours in it: no environment, no arguments, no output that anybody reads. */
function startProcess({ memoryMb }: Kept): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './inside/main.ts' : './inside/main.js'
  return fork(new URL(file, import.meta.url), [], {
    execArgv: [`--max-old-space-size=${Math.max(32, memoryMb)}`, '--disallow-code-generation-from-strings'],
    env: {},
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'json',
  })
}
