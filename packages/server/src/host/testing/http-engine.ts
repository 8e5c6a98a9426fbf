import { randomBytes } from 'node:crypto'

import { createUpstreams } from '../../egress/index.ts'
import { createHttpEngine } from '../elsewhere/http-engine.ts'
import type { RemoteEngineOptions } from '../elsewhere/remote-engine.ts'
import type { RemoteFunction } from '../elsewhere/remote-function.ts'
import type { Engine, OutputLine } from '../engine.ts'
import { farArn } from './far-side.ts'

/** A function of the http engine. */
export type HttpFunction = Parameters<ReturnType<typeof createHttpEngine>['deploy']>[0][number]

/** An engine whose requests may go to loopback, where the tests stand in for the far side. */
export function httpEngine(
  signTicket: RemoteEngineOptions['signTicket'],
  output: OutputLine[] = [],
): { engine: Engine<HttpFunction>; close: () => Promise<void> } {
  const upstreams = createUpstreams(undefined)
  const engine = createHttpEngine({
    send: upstreams.call,
    signTicket,
    onOutput: (line) => void output.push(line),
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    backOffMs: 1,
  })
  return {
    engine,
    close: async () => {
      await engine.close()
      await upstreams.close()
    },
  }
}

/** A function at an address that is loopback's, unless `more` says otherwise. */
export function remote(url: string, more: Partial<RemoteFunction & HttpFunction['elsewhere']> = {}): HttpFunction {
  const { name = 'probe', maxCalls = 8, maxWaiting = maxCalls * 16, ...where } = more
  const elsewhere = { engine: 'http', url, version: 'v1', privateUpstream: true, idempotent: false, ...where } as const
  return { name, arn: farArn(name), timeoutMs: 8_000, maxCalls, maxWaiting, elsewhere }
}
