import { type AccessRequest, type Context, contextKeys, SallyportError } from '@sallyport/core/access'
import { type Guest, isAskedOf } from '@sallyport/manifest'

import { guestInput, withoutGuests } from './input.ts'
import { type Keeper, keepGuest, type Verdict } from './keeper.ts'

/** How long one waits for what a guest says of a request that nobody made. */
const patienceMs = 20_000

/** The guests of one app, each in a process of its own. */
export interface Guests {
  /**
   * Adds what the guests say to every request, each guest asked once for all of them and all guests at the same time.
   * Never rejects; a guest that gives no verdict leaves its fact absent, and the policies deny.
   */
  ask<Asked extends readonly AccessRequest[]>(asked: Asked): Promise<Asked> | Asked
  /** The same of requests that nobody made: what counts is what a guest says, and not how soon. */
  suppose(asked: readonly AccessRequest[]): Promise<readonly AccessRequest[]>
  close(): Promise<void>
}

/**
 * Starts the guests of an app. Where there are none, nothing is loaded and requests pass as they are. Throws
 * `guest.unloadable`, naming the file, when one cannot be loaded; none of them runs then.
 */
export async function openGuests(guests: readonly Guest[], tell: (line: string) => void): Promise<Guests> {
  if (guests.length === 0) {
    return { ask: (asked) => asked, suppose: (asked) => Promise.resolve(asked), close: () => Promise.resolve() }
  }
  const started = await Promise.allSettled(guests.map(async (guest) => ({ guest, keeper: await keep(guest, tell) })))
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const close = async (): Promise<void> => void (await Promise.all(running.map(({ keeper }) => keeper.close())))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await close()
    throw failed.reason
  }
  return {
    ask: (asked) => askAll(running, asked),
    suppose: (asked) => askAll(running, asked, patienceMs),
    close,
  }
}

async function keep(guest: Guest, tell: (line: string) => void): Promise<Keeper> {
  const { name, engine, bytes, entrypoint, data, memoryMb, deadlineMs, file } = guest
  const policy = Buffer.from(bytes).toString('base64')
  const kept = {
    name,
    engine,
    policy,
    entrypoint,
    memoryMb,
    deadlineMs,
    ...(data === undefined ? {} : { data: data.text }),
  }
  try {
    return await keepGuest(kept, tell)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SallyportError('guest.unloadable', `The guest policy ${file} cannot be loaded: ${why}`, { cause })
  }
}

interface Running {
  readonly guest: Guest
  readonly keeper: Keeper
}

async function askAll<Asked extends readonly AccessRequest[]>(
  running: readonly Running[],
  asked: Asked,
  deadlineMs?: number,
): Promise<Asked> {
  const facts: Context[] = asked.map(({ context }) => withoutGuests(context))
  await Promise.all(
    running.map(async ({ guest, keeper }) => {
      const about = [...asked.entries()].filter(([, request]) => isAskedOf(guest, request))
      if (about.length === 0) return
      const verdicts = await keeper.ask(
        about.map(([, request]) => guestInput(request)),
        deadlineMs,
      )
      for (const [place, [index]] of about.entries()) {
        const verdict = verdicts[place]
        if (verdict !== undefined) facts[index] = { ...facts[index], ...factsOf(guest.name, verdict) }
      }
    }),
  )
  // As many as were asked, in the same order: what is mapped over keeps its length.
  return asked.map((request, index) => ({
    ...request,
    context: facts[index] ?? {},
  })) as readonly AccessRequest[] as Asked
}

function factsOf(name: string, verdict: Verdict): Context {
  return {
    ...('verdict' in verdict
      ? { [`${contextKeys.guest}/${name}`]: verdict.verdict }
      : { [`${contextKeys.guestFault}/${name}`]: verdict.fault }),
    ...(verdict.detail === undefined ? {} : { [`${contextKeys.guestDetail}/${name}`]: verdict.detail }),
    [`${contextKeys.guestLatencyMs}/${name}`]: verdict.latencyMs,
  }
}
