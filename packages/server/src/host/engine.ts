import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'

import type { Invocation, InvocationResult } from './invocation.ts'
import type { Runtime } from './runtimes.ts'

/** How strongly a control holds (DESIGN §5). */
export type Strength = 'hard' | 'cooperative' | 'absent'

/** The built code of one function and how it is to run. */
export interface FunctionImage {
  readonly name: string
  readonly zone: string
  /** ARN of the function. */
  readonly arn: string
  /** Server-owned, content-addressed folder, mounted read-only at /var/task. */
  readonly codeDir: string
  /** SHA-256 of the built output, hex. */
  readonly codeDigest: string
  /** A folder like it with what the function's layers bring, mounted read-only at /opt. */
  readonly layersDir?: string
  readonly runtime: Runtime
  /** True when the code brings AWS's own runtime interface client, which is then started in place of ours. */
  readonly awsClient?: boolean
  /** Which module and which export: `index.handler`, or `index.default` for `export default { fetch }`. */
  readonly handler: string
  readonly shape: 'handler' | 'fetch'
  /** Plain values of the manifest's `env`; nothing secret. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly memoryMb: number
  readonly reuse: 'never' | 'user' | 'shared'
  /** TCP ports, besides 80 and 443, to which its doors lead. */
  readonly ports?: readonly number[]
  /** Which authority its boxes trust at their doors; boxes that were made under another are replaced. */
  readonly trust?: string
  /** Boxes alive at once, at most. */
  readonly maxBoxes: number
  /** Boxes kept made ahead of need. */
  readonly warmBoxes: number
  /** How long an unused box beyond those stays; five minutes when absent. */
  readonly idleBoxMs?: number
  /** Calls that may wait for a box; 16 for each box when absent. */
  readonly maxWaiting?: number
}

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

/**
 * Runs functions. Contract: `invoke` never rejects; one box runs one invocation at a time;
 * under `reuse: user` a box never serves two affinities, under `never` never two invocations;
 * after `close` no process, namespace, mount or cgroup of this engine is left.
 */
export interface Engine {
  readonly name: 'box'
  readonly strength: Strength
  /** One line for the banner: what holds and what does not on this machine. */
  readonly description: string
  /** Puts functions into service, or replaces them; boxes of an older digest finish their call and end. */
  deploy(images: readonly FunctionImage[]): Promise<void>
  invoke(invocation: Invocation): Promise<InvocationResult>
  close(): Promise<void>
}
