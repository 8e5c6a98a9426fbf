import type { Answer } from '../answer.ts'
import type { Attack, Attempt, Control } from './attack.ts'
import { boxAttacks } from './box-attacks.ts'
import { errorCode } from './client.ts'
import { dataAttacks } from './data-attacks.ts'
import { doorAttacks } from './door-attacks.ts'
import { elevationAttacks } from './elevation-attacks.ts'
import { functionAttacks } from './function-attacks.ts'
import { kernelAttacks } from './kernel-attacks.ts'
import { leftoverAttacks } from './leftover-attacks.ts'
import { operatorAttacks } from './operator-attacks.ts'
import { peopleAttacks } from './people-attacks.ts'
import { requestAttacks } from './request-attacks.ts'
import { tokenAttacks } from './token-attacks.ts'
import { printable } from '../verbs/logs.ts'
import { withWorld, type World } from './world.ts'

export type { Attack, Attempt, Control, StoppedBy } from './attack.ts'

/** Every attack, in the order in which they run. Those on people change who is elevated, so they come last. */
export const attacks: readonly Attack[] = [
  ...tokenAttacks,
  ...requestAttacks,
  ...functionAttacks,
  ...doorAttacks,
  ...dataAttacks,
  ...boxAttacks,
  ...kernelAttacks,
  ...leftoverAttacks,
  ...operatorAttacks,
  ...peopleAttacks,
  ...elevationAttacks,
]

/** What came of one attack and its control. */
export interface AttackReport {
  readonly name: string
  readonly tries: string
  readonly stoppedBy: string
  readonly attempt: Attempt
  readonly controls: string
  readonly control: Control
  /** True when it was stopped, by one of the expected refusals, and its control succeeded. */
  readonly held: boolean
}

/**
 * Attacks the app in `folder`. Starts what does not run there and stops what it started. `write` gets each line as it
 * is known; without it everything stands in the answer. Ends with `refused` when an attack got through, was stopped by
 * something unexpected, or has a control that failed.
 */
export async function runAttacks(options: {
  readonly folder: string
  readonly json: boolean
  readonly write?: (line: string) => void
  /** Only attacks whose name begins so. */
  readonly only?: string
}): Promise<Answer> {
  const lines: string[] = []
  const say = (line: string): void => {
    if (options.json) return
    if (options.write === undefined) lines.push(line)
    else options.write(line)
  }
  const reports = await withWorld(options.folder, Date.now, async (world) => {
    say(`${world.hostile.status.isolation}; ledger: ${world.hostile.status.ledger}`)
    say(
      `from outside: ${world.edge.app.folder} (${world.edge.method} ${world.edge.path}); ` +
        'from inside: an app that does what it is told',
    )
    const done: AttackReport[] = []
    for (const attack of attacks.filter(({ name }) => name.startsWith(options.only ?? ''))) {
      const report = await carryOut(attack, world)
      done.push(report)
      say(lineOf(report))
    }
    return done
  })
  const failed = reports.filter(({ held }) => !held)
  const held = reports.length - failed.length
  const total = `${held} of ${reports.length} attacks stopped as stated, each with its control`
  say(failed.length === 0 ? total : `${total}; not so: ${failed.map(({ name }) => name).join(', ')}`)
  return {
    exit: failed.length === 0 && reports.length > 0 ? 'ok' : 'refused',
    json: { attacks: reports },
    text: lines.join('\n'),
  }
}

async function carryOut(attack: Attack, world: World): Promise<AttackReport> {
  const { name, tries, stoppedBy, expected, controls } = attack
  const attempt = await attack.run(world).catch(broken)
  const control = await attack
    .control(world)
    .catch((error: unknown) => ({ succeeded: false, evidence: errorCode(error) }))
  const held = attempt.stopped && expected.includes(attempt.code) && control.succeeded
  return { name, tries, stoppedBy, attempt, controls, control, held }
}

/** An attack that could not be made proves nothing, so it counts as one that got through. */
function broken(error: unknown): Attempt {
  return { stopped: false, code: 'attack.failed', evidence: errorCode(error) }
}

function lineOf({ name, tries, stoppedBy, attempt, controls, control, held }: AttackReport): string {
  const verdict = held ? `stopped by the ${stoppedBy}` : attempt.stopped ? 'NOT AS STATED' : 'GOT THROUGH'
  const under = control.succeeded ? 'worked' : 'FAILED'
  return [
    `${held ? 'ok ' : 'NO '} ${name}: ${tries}`,
    `      ${verdict}: ${attempt.code} (${oneLine(attempt.evidence)})`,
    `      control ${under}: ${controls} (${oneLine(control.evidence)})`,
  ].join('\n')
}

/** Adversary: hostile code, whose words must not move the cursor or look like a line of ours. */
function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim().slice(0, 140)
}
