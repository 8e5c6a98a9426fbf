import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a call elsewhere came to: neither, where its process ended first. */
export interface FarResult {
  readonly value?: unknown
  readonly failure?: object
}

/** One process of one version of one function, on a machine that is not ours. */
export interface Place {
  readonly run: (event: unknown, deadline: number, signal: AbortSignal) => Promise<FarResult>
  readonly end: () => void
}

/** One call after another. Whoever hangs up, or asks to exit, costs the process, and the next call gets another. */
export function openPlace(version: string): Place {
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()
  const start = (): ChildProcess => {
    const script = fileURLToPath(new URL('far-child.mjs', import.meta.url))
    const env = { AWS_LAMBDA_LOG_STREAM_NAME: version.slice(0, 32) }
    const started = fork(script, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    return started
  }
  return {
    run: (event, deadline, signal) => {
      const mine = last.then(
        () =>
          new Promise<FarResult>((resolve) => {
            if (signal.aborted) return resolve({})
            const process = (child ??= start())
            const stop = (): unknown => process.kill('SIGKILL')
            signal.addEventListener('abort', stop, { once: true })
            const done = (told: FarResult): void => {
              signal.removeEventListener('abort', stop)
              process.removeAllListeners('message').off('exit', ended)
              resolve(told)
            }
            process.on('message', (told: FarResult) => done(told))
            const ended = (): void => done({})
            process.once('exit', ended)
            process.send({ event, deadline })
          }),
      )
      last = mine
      return mine
    },
    end: () => void child?.kill('SIGKILL'),
  }
}
