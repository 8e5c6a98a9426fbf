import type { World } from './world/world.ts'

/** What stopped an attack: a door or the gateway, the policy, the box around the code, or the kernel under it. */
export type StoppedBy = 'door' | 'policy' | 'box' | 'kernel'

/** What came of an attack. `code` is the refusal's code, or a system error's name. */
export interface Attempt {
  readonly stopped: boolean
  readonly code: string
  readonly evidence: string
}

/** What came of the same probe where the guard is absent or does not apply: without it a refusal proves nothing. */
export interface Control {
  readonly succeeded: boolean
  readonly evidence: string
}

/** One attack on something, and its control. A row of the table. */
export interface AttackOn<On> {
  /** `tokens.expired`: stable, for scripts. */
  readonly name: string
  /** What the attacker tries, as a sentence. */
  readonly tries: string
  readonly stoppedBy: StoppedBy
  /** Codes that count as the right refusal; another "no" is a difference, and is reported. Absent: any "no" will do. */
  readonly expected?: readonly string[]
  run(world: On): Promise<Attempt>
  /** What the control does, as a sentence. */
  readonly controls: string
  control(world: On): Promise<Control>
}

/** One on an app here, and on the boxes in which its functions run. */
export type Attack = AttackOn<World>
