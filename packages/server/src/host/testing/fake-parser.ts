import { Duplex } from 'node:stream'

import type { DoorListeners } from '../../parser/index.ts'
import type { PodExit } from '../box/pod.ts'
import type { StartParser } from '../box/parser-process.ts'

/** Keeps the listeners of boxes open in this process, for doors that a test makes of them; by the box's channel. */
export interface FakeParsers {
  readonly start: StartParser
  readonly listenersOf: (channel: Duplex) => DoorListeners
}

export function fakeParsers(): FakeParsers {
  const kept = new WeakMap<Duplex, DoorListeners>()
  return {
    start: () => {
      const channel = new Duplex({ read: () => undefined, write: (_, __, done) => done() })
      const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
      return {
        channel,
        serve: (listeners) => {
          kept.set(channel, listeners)
          return Promise.resolve()
        },
        kill: () => {
          channel.destroy()
          resolve({ code: 0, signal: null })
        },
        gone,
        said: () => '',
      }
    },
    listenersOf: (channel) => {
      const listeners = kept.get(channel)
      if (listeners === undefined) throw new Error('this channel is not of a box whose listeners were handed over')
      return listeners
    },
  }
}
