import { createBackOff } from './back-off.ts'
import { type Box, type BoxHooks, closing, startBox } from '../box/box.ts'
import type { BoxSurroundings } from '../box/box-surroundings.ts'
import type { FunctionImage } from '../image.ts'
import type { Inspector } from '../box/inspector.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import { discardBox, prepareBox, type PreparedBox, prestart } from '../box/prepared-box.ts'
import { kindOf } from '../box/blank.ts'
import { countIn, longUnused, type Member, suitableFor, toMakeRoom, waitingForNone } from './members.ts'
import type { Reserve } from './reserve.ts'
import { createSharing } from './sharing.ts'
import { createSpare } from './spare.ts'
import { answer, busy, failed, type Waiting } from './waiting.ts'

/** The boxes of one function at one code digest, and those who wait for one. */
export interface Pool {
  readonly image: FunctionImage
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Takes no more; running calls finish, idle boxes end. Gives back those that still wait for a box. */
  drain(): readonly Waiting[]
  /** Takes over what waited at a predecessor. */
  adopt(waiting: readonly Waiting[]): void
  /** Ends every box now and resolves when nothing of them is left. */
  close(): Promise<void>
}

const waitingPerBox = 16
const usualIdleMs = 300_000
const usualFreezeMs = 10_000

/** What pools share: uids, and boxes that belong to no function yet where there are any. */
export interface PoolOptions {
  readonly uid: number | undefined
  readonly reserve?: Reserve
  readonly inspector?: Inspector
  /** What makes, starts and ends boxes; the real thing when absent. */
  readonly boxes?: Boxes
}

/** How boxes come to be, and end unused. */
export interface Boxes {
  readonly prepareBox: typeof prepareBox
  readonly prestart: typeof prestart
  readonly startBox: typeof startBox
  readonly discardBox: typeof discardBox
}

const realBoxes: Boxes = { prepareBox, prestart, startBox, discardBox }

/** Everything but the image is the engine's. Under an inspector there is one box, so that breakpoints are met. */
export function createPool(
  image: FunctionImage,
  around: BoxSurroundings,
  { uid, reserve, inspector, boxes = realBoxes }: PoolOptions,
): Pool {
  const maxBoxes = inspector === undefined ? image.maxBoxes : 1
  const maxWaiting = image.maxWaiting ?? maxBoxes * waitingPerBox
  const maxIdleMs = image.idleBoxMs ?? usualIdleMs
  const freezeAfterMs = around.freezeAfterMs ?? usualFreezeMs
  const members = new Map<Box, Member>()
  const all = (): readonly Member[] => [...members.values()]
  const count = (...states: readonly Member['state'][]): number => countIn(all(), ...states)
  const queue: Waiting[] = []
  let starting = 0
  const backOff = createBackOff(around.clock)
  let retry: NodeJS.Timeout | undefined
  let refusal = { code: 'function.init_failed', message: '' }
  let draining = false
  const ends = new Set<Promise<unknown>>()

  const kind = reserve === undefined || inspector !== undefined ? undefined : kindOf(image)

  /** Functions that any waiting box can serve keep none of their own. */
  function take(): Promise<PreparedBox> {
    if (kind === undefined) return spare.take(sharing.among())
    return reserve?.take(kind, image) ?? boxes.prepareBox(image, uid, around, sharing.among())
  }

  const spare = createSpare({
    make: (among) => boxes.prepareBox(image, uid, around, among),
    discard: (prepared) => boxes.discardBox(prepared, around),
    // With no reserve, or under a debugger, nothing runs that nobody asked for.
    ...(image.warmBoxes > 0 && inspector === undefined
      ? { prestart: (prepared: PreparedBox) => boxes.prestart(image, prepared, around) }
      : {}),
  })

  const sharing = createSharing(
    () => starting + count('loading', 'busy', 'finishing'),
    (among) => [...members.keys()].forEach((box) => box.share(among)),
  )

  const hooks: BoxHooks = {
    onIdle: (box) => {
      const member = members.get(box)
      if (member === undefined || member.state === 'ending') return
      backOff.loaded()
      member.endTurn()
      if (draining || (image.reuse === 'never' && member.state !== 'loading')) return end(member)
      member.state = 'idle'
      member.lastUsedAt = around.clock()
      pump()
    },
    onEnd: (box, { initFailure, crash }) => {
      members.get(box)?.endTurn()
      members.delete(box)
      if (initFailure !== undefined) {
        backOff.failedToLoad()
        tellWaiting('function.init_failed', initFailure)
      } else if (crash !== undefined && backOff.crashed()) {
        tellWaiting('function.crash_loop', crash)
      }
      pump()
    },
  }

  /** Another box may be well; only when none is are the waiting told. */
  function tellWaiting(code: string, message: string): void {
    refusal = { code, message: 'its last boxes ended at once; it is tried again shortly' }
    if (members.size + starting > 0) return
    for (const waiting of queue.splice(0)) answer(waiting, failed(code, message))
  }

  function end(member: Member): void {
    member.state = 'ending'
    member.box.kill(closing)
  }

  /** Serves those who wait, in order, with what is idle; starts boxes for the rest and for the warm reserve. */
  function pump(): void {
    for (const waiting of queue.slice()) {
      const member = suitableFor(all(), image.reuse, waiting.invocation.affinity)
      if (member === undefined) continue
      queue.splice(queue.indexOf(waiting), 1)
      serve(member, waiting)
    }
    if (draining) return
    const loading = count('loading') + starting
    const unassigned = all().filter(({ state, affinity }) => state === 'idle' && affinity === undefined)
    const wanting = waitingForNone(all(), image.reuse, queue)
    const wanted = Math.max(wanting - loading, image.warmBoxes - unassigned.length - loading)
    for (let more = wanted; more > 0; more--) if (!start()) break
  }

  function serve(member: Member, waiting: Waiting): void {
    member.state = 'busy'
    sharing.more()
    if (image.reuse === 'user') member.affinity ??= waiting.invocation.affinity
    if (image.reuse === 'never') member.affinity = waiting.invocation.id
    void member.box.run(waiting.invocation).then((result) => {
      // `never`: ended at once, so that not even a timer of this invocation runs on.
      if (member.state === 'busy' && image.reuse === 'never') end(member)
      else if (member.state === 'busy') member.state = 'finishing'
      if (member.hasServed) around.turns.served()
      member.hasServed = true
      if (result.kind === 'response') backOff.answered()
      answer(waiting, result)
      return undefined
    })
  }

  /** False when no further box may be started now. */
  function start(): boolean {
    if (!backOff.mayStart()) return tryLater()
    if (members.size + starting >= maxBoxes) return makeRoom()
    starting += 1
    sharing.more()
    const made = take().then(
      async (prepared) => {
        const endTurn = await around.turns.take()
        starting -= 1
        if (draining) return boxes.discardBox(prepared, around).finally(endTurn)
        try {
          inspector?.attach(prepared.pod, uid)
          const box = boxes.startBox(image, prepared, around, hooks, inspector?.address)
          members.set(box, { box, state: 'loading', lastUsedAt: around.clock(), hasServed: false, endTurn })
          box.share(sharing.among())
          return track(box.gone)
        } catch (error) {
          endTurn()
          cannotStart(error)
          return boxes.discardBox(prepared, around)
        }
      },
      (error: unknown) => {
        starting -= 1
        cannotStart(error)
      },
    )
    track(made)
    return true
  }

  /** Those who wait must not depend on somebody else's call for the next try. */
  function tryLater(): false {
    if (queue.length > 0) {
      retry ??= setTimeout(() => {
        retry = undefined
        pump()
      }, backOff.remainingMs() + 1).unref()
    }
    return false
  }

  function cannotStart(error: unknown): void {
    backOff.failedToLoad()
    tellWaiting('function.init_failed', error instanceof Error ? error.message : String(error))
  }

  /** Room is made for those who wait alone; it is there when `onEnd` says so. */
  function makeRoom(): false {
    const member = toMakeRoom(all(), queue.length)
    if (member !== undefined) end(member)
    return false
  }

  function track(ending: Promise<unknown>): void {
    ends.add(ending)
    void ending.finally(() => ends.delete(ending))
  }

  const idleTimer = setInterval(lookAtIdle, Math.min(maxIdleMs, freezeAfterMs) / 4).unref()

  /** Ends what was unused for long, but for the reserve; stops the processes of what stays. */
  function lookAtIdle(): void {
    sharing.fewer()
    const rules = { endAfterMs: maxIdleMs, restAfterMs: freezeAfterMs, kept: image.warmBoxes }
    const { toEnd, toRest } = longUnused(all(), around.clock(), rules)
    for (const member of toEnd) end(member)
    if (inspector === undefined) for (const { box } of toRest) box.freeze()
  }

  function drain(): readonly Waiting[] {
    draining = true
    clearInterval(idleTimer)
    clearTimeout(retry)
    track(spare.drop())
    for (const member of members.values()) if (member.state === 'loading' || member.state === 'idle') end(member)
    return queue.splice(0)
  }

  pump()
  return {
    image,
    invoke: (invocation) =>
      new Promise((resolve) => {
        const remainingMs = invocation.deadline - around.clock()
        if (queue.length >= Math.max(maxWaiting, maxBoxes - count('busy')))
          return resolve(busy(`its queue of ${maxWaiting} calls is full`))
        const waiting: Waiting = {
          invocation,
          resolve,
          timer: setTimeout(() => giveUp(waiting), Math.max(0, remainingMs)),
        }
        queue.push(waiting)
        pump()
        const refused = !backOff.mayStart() && members.size + starting === 0
        if (!refused || !queue.includes(waiting)) return
        queue.splice(queue.indexOf(waiting), 1)
        answer(waiting, failed(refusal.code, refusal.message))
      }),
    drain,
    adopt: (waiting) => {
      for (const { invocation, resolve, timer } of waiting) {
        clearTimeout(timer)
        const remainingMs = Math.max(0, invocation.deadline - around.clock())
        const again: Waiting = { invocation, resolve, timer: setTimeout(() => giveUp(again), remainingMs) }
        queue.push(again)
      }
      pump()
    },
    close: async () => {
      for (const waiting of drain()) answer(waiting, busy('the function goes out of service'))
      for (const member of members.values()) end(member)
      while (ends.size > 0) await Promise.allSettled(ends)
    },
  }

  function giveUp(waiting: Waiting): void {
    const at = queue.indexOf(waiting)
    if (at === -1) return
    queue.splice(at, 1)
    answer(waiting, busy(`${starting + count('loading') > 0 ? 'its box was not ready' : 'no box became free'} in time`))
  }
}
