import type { Canary } from './probes.ts'

/** What hostile code is told to do. The same instruction runs inside a box and, as a control, outside one. */
export type Instruction =
  | {
      readonly do: 'http'
      readonly url: string
      readonly method?: string
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Bytes of our own making on a connection, in TLS when `serverName` is given. */
  | {
      readonly do: 'raw'
      readonly host: string
      readonly port: number
      readonly serverName?: string
      readonly text: string
    }
  | { readonly do: 'udp'; readonly host: string; readonly port: number }
  | { readonly do: 'unix'; readonly path: string }
  /** `server` is `ADDRESS:PORT`; without it, whatever the machine is set to. */
  | { readonly do: 'dns'; readonly name: string; readonly server?: string }
  | { readonly do: 'file'; readonly path: string }
  /** Looks for one word in everything that this process can see of its environment. */
  | { readonly do: 'environment'; readonly word: string }
  | { readonly do: 'dynamodb'; readonly operation: string; readonly input: object; readonly forged?: boolean }
  /** Leaves a process behind that asks the runtime for the next event, for `forMs`. */
  | { readonly do: 'child'; readonly runtimeApi?: string; readonly forMs: number; readonly tag: string }
  | { readonly do: 'relay'; readonly to: string; readonly next: Instruction }
  /** Answers at once; the rest happens later, and is printed as `{ tag, … }`. */
  | { readonly do: 'timer'; readonly afterMs: number; readonly tag: string; readonly next: Instruction }
  /** Begins a request and leaves it unfinished in the process, for `finish` to end. */
  | { readonly do: 'begin'; readonly host: string; readonly port: number; readonly text: string }
  | { readonly do: 'finish'; readonly text: string }
  | { readonly do: 'both'; readonly first: Instruction; readonly second: Instruction }
  | { readonly do: 'wait'; readonly ms: number }
  /** Answers with this much. */
  | { readonly do: 'answer'; readonly bytes: number }
  /**
   * Enters the kernel by this call; `self` stands for the caller's own process id. `also` counts as a refusal;
   * `asRoot`: by root of a user namespace of its own.
   */
  | {
      readonly do: 'kernel'
      readonly call: readonly (number | 'self')[]
      readonly also?: 'EINVAL'
      readonly asRoot?: true
    }
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  /** Keeps a word in the process's memory, and looks for it there. */
  | { readonly do: 'remember'; readonly word: string }
  | { readonly do: 'recall'; readonly word: string }
  /** Runs a probe that somebody else wrote. */
  | { readonly do: 'probe'; readonly name: string; readonly canary: Canary }
  /** Takes of one thing as much as it gets, for `forMs`. */
  | { readonly do: 'flood'; readonly of: Flooded; readonly forMs: number; readonly target?: FloodTarget }

/** What a flood is made of. */
export type Flooded =
  | 'processor'
  | 'processes'
  | 'memory'
  | 'heap'
  | 'disk'
  | 'output'
  | 'names'
  | 'connections'
  | 'watches'
  | 'slow reads'

/** Where a flood goes that leaves the process: a connection, a name server. Whatever the box has, where absent. */
export interface FloodTarget {
  readonly host?: string
  readonly port?: number
  readonly server?: string
}

/** What came of it. `code` is a refusal's own code, a system error's name, or `HTTP status`. */
export interface Outcome {
  /** Something came back from where it should not, or the thing was done. */
  readonly got: boolean
  readonly code: string
  readonly evidence: string
}
