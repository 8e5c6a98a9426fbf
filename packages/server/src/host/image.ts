/** What runs a function's code inside its box. */
export type Runtime = 'node' | 'python' | 'bootstrap' | 'workerd'

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
  /** Of `workerd`: the program, where every function's uid can read it. */
  readonly program?: string
  readonly shape: 'handler' | 'fetch'
  /** Path of runsc, for a function whose box has gVisor's kernel rather than the host's. */
  readonly runsc?: string
  /** Plain values of the manifest's `env`; nothing secret. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly memoryMb: number
  /** MiB of /tmp, beside the memory; `scratchBytes` within it when absent. */
  readonly tmpMb?: number
  readonly reuse: 'never' | 'user' | 'shared'
  /** TCP ports, besides 80 and 443, to which its doors lead. */
  readonly ports?: readonly number[]
  /** Those of them on which HTTP is spoken, plain or within TLS; what comes on the others is passed through. */
  readonly webPorts?: readonly number[]
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
