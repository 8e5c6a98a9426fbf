import type { Grant } from '@sallyport/core/access'

import { createEnding, type Ending } from './ending.ts'
import type { EgressRooms } from './rooms.ts'

/** How long an admitted exit may go on: to the end of its invocation, and no longer than its grant. */
export interface Life {
  /** Aborted at whichever end comes first. */
  readonly signal: Ending
  /** Which end it was; undefined while it lives. */
  readonly endedBy: () => 'exit.invocation_ended' | 'grant.ended' | undefined
  /** To be called once nothing of the exit is open any more. */
  release(): void
}

/** Registers an exit under its grant: what is revoked or has expired ends in its middle. */
export function liveUnder(rooms: Pick<EgressRooms, 'whenEnded'>, grant: Grant, invocation: Ending): Life {
  const ending = createEnding()
  let endedBy: ReturnType<Life['endedBy']>
  const end = (why: NonNullable<typeof endedBy>): void => {
    endedBy ??= why
    ending.abort()
  }
  const endWithInvocation = (): void => end('exit.invocation_ended')
  if (invocation.aborted) endWithInvocation()
  invocation.addEventListener('abort', endWithInvocation, { once: true })
  const forget = rooms.whenEnded(grant, () => end('grant.ended'))
  return {
    signal: ending.signal,
    endedBy: () => endedBy,
    release: () => {
      invocation.removeEventListener('abort', endWithInvocation)
      forget()
    },
  }
}
