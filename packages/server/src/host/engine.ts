import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'

import type { FunctionImage } from './image.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

/** How strongly a control holds (DESIGN §5). */
export type Strength = 'hard' | 'cooperative' | 'absent'

/** The listeners inside one box's network namespace. Whoever connects to them is that box: that is its identity. */
export interface BoxListeners {
  readonly boxId: string
  readonly functionName: string
  /** Port 80 of every address. */
  readonly http: Server
  /** Port 443 of every address. */
  readonly https: Server
  /** UDP 53 of every address. */
  readonly dns: DatagramSocket
  /** The ports of `FunctionImage.ports`, of every address. */
  readonly tcp: ReadonlyMap<number, Server>
  /** The invocation running in the box at this moment; undefined while it initialises or idles. */
  readonly current: () => Invocation | undefined
}

/** What the egress room makes of a box's listeners. */
export interface Exits {
  /** Aborts every unfinished head, body, stream and tunnel. The host calls it before it answers `/next`. */
  endInvocation(): void
  /** Ends everything; the box is gone. */
  close(): void
}

/** Puts the egress room behind a box's listeners, before any function code runs. */
export type AttachExits = (listeners: BoxListeners) => Exits

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
