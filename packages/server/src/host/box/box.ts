import { createHash, createHmac, createSecretKey } from 'node:crypto'
import type { BoxEvent, BoxSurroundings } from './box-surroundings.ts'
import { boxEnvironment } from './box-options.ts'

import { mintTicket } from '@sallyport/core/identity'

import { endedResult, exitText, heapExhausted, parserEnded } from './box-end.ts'
import type { FunctionImage } from '../image.ts'
import { type Freezer, freezerFor } from '../kernel/freeze.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import { launchRuntime } from './launch.ts'
import { readOutput } from './output.ts'
import { endParser, type PreparedBox, removeGroup } from './prepared-box.ts'
import { runtimePlan } from '../runtime/runtimes.ts'
import { serveRuntimeApi } from '../runtime/runtime-api.ts'

/** One environment of one function, from launch to end. It runs one invocation at a time. */
export interface Box {
  readonly id: string
  readonly pid: number
  /** True while the runtime waits for an invocation. */
  isIdle(): boolean
  /** Hands one over. Call it only while the box is idle. Never rejects; ends the box when the deadline passes. */
  run(invocation: Invocation): Promise<InvocationResult>
  /** Makes it, and its parser, one of so many that together weigh as much as one, where processors are short. */
  share(among: number): void
  /** Stops its processes until it runs again. Call it only while the box is idle. */
  freeze(): void
  kill(reason: string): void
  /** Every process, socket and control group of the box is gone. Never rejects. */
  readonly gone: Promise<void>
}

/** What the pool hears from a box. */
export interface BoxHooks {
  /** Ready for an invocation, the first or the next. */
  onIdle(box: Box): void
  /** Ended, with what went wrong when it never became ready, or when it ended by itself after it was. */
  onEnd(box: Box, why: { readonly initFailure?: string; readonly crash?: string }): void
}

/** The reason given when a healthy box is no longer wanted; a box that had not yet loaded is then no failure. */
export const closing = 'no longer needed'
const initTimeoutMs = 10_000
const lostGraceMs = 500
const debugDeadlineMs = 3_600_000
const maxBreachEvents = 10

/**
 * Launches a prepared box. `debugAddress` is where a debugger reaches it: then
 * its deadlines wait for the person who steps through.
 */
export function startBox(
  image: FunctionImage,
  prepared: PreparedBox,
  around: BoxSurroundings,
  hooks: BoxHooks,
  debugAddress?: string,
): Box {
  const { id, pod, parser, group, parserGroup } = prepared
  const debug = debugAddress !== undefined
  const plan = runtimePlan(image, debug)
  // First: the door must know the box whose listeners it is given.
  const extras = prepared.launched && prepared.blank === undefined ? undefined : around.boxExtras(image, id)
  if (extras !== undefined && prepared.launched === undefined) launchRuntime(image, prepared, around, { extras, debug })
  // One that was started for no function gets its function's variables with the key; others have had them since then.
  const environment = extras && prepared.launched ? boxEnvironment(image, extras) : undefined
  const key = Buffer.from(around.random(32))
  const macKey = createSecretKey(key) // five times as fast as the bytes, which are made a key for every ticket
  let idle = false
  // Resolved once everything that the last invocation left open is closed.
  let cleared: Promise<void> = Promise.resolve()
  let polls = 0
  let wasReady = false
  let initFailure: string | undefined
  let endReason: string | undefined
  let parserEnd: string | undefined
  let over = false
  let breaches = 0
  let lostTimer: NodeJS.Timeout | undefined
  let frozen: Freezer | undefined
  // Output of an invocation that has just answered is still read as its own.
  let ending: Invocation | undefined
  let settle: ((result: InvocationResult) => void) | undefined

  const event = (kind: BoxEvent['kind'], detail: string, running = api.current()): void => {
    const about = running === undefined ? {} : { transaction: running.transaction, invocation: running.id }
    around.onEvent({ kind, functionName: image.name, boxId: id, detail, ...about })
  }
  const api = serveRuntimeApi(
    pod.listeners.runtime,
    { functionArn: image.arn, ownClient: plan.ownClient },
    {
      onIdle: () => {
        wasReady = true
        clearTimeout(initTimer)
        clearTimeout(lostTimer)
        const asked = ++polls
        void cleared.then(() => {
          if (endReason !== undefined || asked !== polls) return
          idle = true
          hooks.onIdle(box)
        })
      },
      onResult: (invocation, result) => {
        cleared = exits.endInvocation(invocation)
        ending = invocation
        // What the function wrote before it answered is in its pipes already: one turn of the loop reads it.
        setImmediate(() => {
          ending = undefined
          // What a function makes of connections that broke under it is not its own failure.
          settle?.(result.kind === 'error' && parserEnd !== undefined ? parserEnded(parserEnd) : result)
        })
      },
      onInitError: (message) => {
        initFailure = message
        box.kill('its module did not load')
      },
      onBreach: (detail) => {
        breaches += 1
        if (endReason === undefined && breaches <= maxBreachEvents) event('box-breach', detail)
      },
      // A process that is just ending says by its exit status why; one that stays without a connection is ended.
      onLost: () => {
        idle = false
        polls += 1 // whoever asked is not there any more
        lostTimer = setTimeout(() => box.kill('the runtime closed its connection'), lostGraceMs).unref()
      },
    },
  )
  for (const socket of prepared.connections?.() ?? []) pod.listeners.runtime.emit('connection', socket)
  const output = readOutput(
    pod,
    () => {
      const running = api.current() ?? ending
      const about = running === undefined ? {} : { transaction: running.transaction, invocation: running.id }
      return { at: around.clock(), functionName: image.name, boxId: id, ...about }
    },
    around.onOutput,
  )

  const exits = around.attachExits({
    boxId: id,
    functionName: image.name,
    channel: parser.channel,
    onFault: (fault) => {
      event('box-breach', `its parser broke the protocol: ${fault}`)
      loseParser(`it was ended for breaking its protocol: ${fault}`)
    },
    current: () => api.current(),
  })
  // The channel is heard to end before whatever the function makes of its broken connections.
  parser.channel.once('close', () => loseParser(parser.said() || 'its channel ended'))
  void parser.gone.then((exit) => loseParser([exitText(exit), parser.said()].filter((text) => text !== '').join(': ')))
  const initTimer = setTimeout(() => {
    initFailure = `the module took more than ${initTimeoutMs} ms to load`
    box.kill('initialisation timed out')
  }, initTimeoutMs)

  const box: Box = {
    id,
    pid: pod.pid,
    isIdle: () => idle,
    share: (among) => {
      group?.share(among)
      parserGroup?.share(among)
    },
    freeze: () => {
      if (image.runsc !== undefined) return // its kernel watches its processes, and would take a stop for a fault
      frozen ??= freezerFor(pod.pid)
      frozen.freeze()
    },
    run: (invocation) => {
      idle = false
      frozen?.thaw()
      frozen = undefined
      return runOne(invocation)
    },
    kill: (reason) => {
      endReason ??= reason
      idle = false
      api.abandon()
      pod.kill()
    },
    gone: pod.gone.then(async (exit) => {
      over = true
      clearTimeout(initTimer)
      const interrupted = api.abandon()
      exits.close()
      const parserGone = endParser(parser, parserGroup)
      await output.end()
      const memory = (group?.outOfMemoryKills() ?? 0) > 0 || heapExhausted(exit, output.tail(40))
      settle?.(
        parserEnd === undefined
          ? endedResult(exit, endReason, memory ? image.memoryMb : undefined, output.tail(5))
          : parserEnded(parserEnd),
      )
      if (!wasReady && initFailure === undefined && endReason !== closing) {
        initFailure = memory ? 'out of memory while loading' : `${exitText(exit)}: ${output.tail(5)}`
      }
      if (initFailure !== undefined) event('box-init-failed', initFailure)
      api.close()
      if (group !== undefined) await removeGroup(group)
      await parserGone
      await prepared.blank?.release()
      event('box-end', `${endReason ?? 'ended by itself'}, ${exitText(exit)}`, interrupted)
      const crash = endReason === undefined ? exitText(exit) : parserEnd
      hooks.onEnd(box, {
        ...(initFailure === undefined ? {} : { initFailure }),
        ...(crash === undefined ? {} : { crash }),
      })
      return undefined
    }),
  }

  /** Nobody else has the listeners of its doors: a box without its parser is replaced. */
  function loseParser(why: string): void {
    if (over || endReason !== undefined) return
    parserEnd = why
    parser.kill()
    box.kill(`its parser ended: ${why}`)
  }

  function runOne(invocation: Invocation): Promise<InvocationResult> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          box.kill('the deadline passed')
          void exits.endInvocation(invocation)
          settle?.({ kind: 'error', code: 'function.timed_out', message: `no answer within ${image.timeoutMs} ms` })
        },
        debug ? debugDeadlineMs : Math.max(0, invocation.deadline - around.clock()),
      )
      settle = (result) => {
        settle = undefined
        clearTimeout(timer)
        resolve(result)
      }
      try {
        api.give(invocation, ticketFor(invocation))
      } catch (error) {
        // A chain of actors too long for a ticket: the call fails, and with it nobody else's.
        settle({ kind: 'error', code: 'function.ticket_refused', message: String(error) })
        box.kill(closing)
      }
    })
  }

  function ticketFor(invocation: Invocation): string {
    const issuedAtSeconds = Math.floor(around.clock() / 1_000)
    return mintTicket((text) => createHmac('sha256', macKey).update(text, 'latin1').digest(), {
      audience: image.arn,
      codeDigest: image.codeDigest,
      bodySha256: createHash('sha256').update(invocation.event).digest('hex'),
      actors: invocation.actors,
      transaction: invocation.transaction,
      attempt: invocation.id,
      decision: invocation.decision,
      ...(invocation.user === undefined ? {} : { user: invocation.user.id }),
      issuedAtSeconds,
      expiresAtSeconds: issuedAtSeconds + 60,
    })
  }

  // The runtime waits for it, however long ago it was started; whatever the function is begins here.
  pod.handOver(
    plan.ownClient
      ? JSON.stringify({
          key: key.toString('base64url'),
          audience: image.arn,
          codeDigest: image.codeDigest,
          environment,
        })
      : '',
  )
  const { pid } = parser
  event('box-start', `pid ${pod.pid}${pid === undefined ? '' : `, parser ${pid}`}${debug ? ', debug' : ''}`)
  if (debug) event('box-inspect', `a debugger may attach at ${debugAddress}`)
  return box
}
