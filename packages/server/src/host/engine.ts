import type { Duplex } from 'node:stream'

import type { FunctionImage } from './image.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

/** How strongly a control holds (DESIGN §5). */
export type Strength = 'hard' | 'cooperative' | 'absent'

/**
 * Everything that one box sends to its doors, as its parser tells of it. That process alone has the listeners inside
 * the box's network namespace, and no other box's: who speaks on this channel is that box, and that is its identity.
 */
export interface BoxChannel {
  readonly boxId: string
  readonly functionName: string
  /** The frames of `server/parser`. */
  readonly channel: Duplex
  /** The parser broke its protocol: it is ended, and its box with it. */
  readonly onFault: (detail: string) => void
  /** The invocation running in the box at this moment; undefined while it initialises or idles. */
  readonly current: () => Invocation | undefined
}

/** What the egress room makes of a box's channel. */
export interface Exits {
  /**
   * Aborts every unfinished head, body, stream and tunnel at once, and resolves when the box's parser has closed all of
   * them. The host waits for it before it answers `/next`. What was on its way until then belongs to `ended`.
   */
  endInvocation(ended: Invocation | undefined): Promise<void>
  /** Ends everything; the box is gone. */
  close(): void
}

/** Puts the egress room behind a box, before any function code runs. */
export type AttachExits = (channel: BoxChannel) => Exits

/** One line that a function wrote, with the invocation in which it did. */
export interface OutputLine {
  readonly at: number
  readonly functionName: string
  readonly boxId: string
  readonly transaction?: string
  readonly invocation?: string
  readonly stream: 'stdout' | 'stderr' | 'platform'
  readonly text: string
}

/** The engines that there are. */
export type EngineName = 'box' | 'http' | 'lambda'

/**
 * Runs functions. Contract: `invoke` never rejects, and answers by the deadline; calls beyond what it may run wait, so
 * many and no more; a call that is under way when its function is replaced ends as it began. Of boxes also: one runs
 * one invocation at a time; under `reuse: user` it never serves two affinities, under `never` never two invocations.
 * After `close` no process, namespace, mount, cgroup or connection of this engine is left.
 */
export interface Engine<Image = FunctionImage> {
  readonly name: EngineName
  readonly strength: Strength
  /** One line for the banner: what holds and what does not on this machine. */
  readonly description: string
  /** Puts functions into service, or replaces them; boxes of an older digest finish their call and end. */
  deploy(images: readonly Image[]): Promise<void>
  /** Takes a function out of service at once: whatever runs of it ends, until it is deployed again. */
  withdraw(functionName: string): Promise<void>
  invoke(invocation: Invocation): Promise<InvocationResult>
  close(): Promise<void>
}
