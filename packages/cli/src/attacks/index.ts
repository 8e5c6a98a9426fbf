import type { Answer } from '../answer.ts'
import type { Attack, AttackOn, Attempt, Control } from './attack.ts'
import { type AttackedEngine, notTried } from './world/attacked-engines.ts'
import { closedAttacks } from './list/closed-attacks.ts'
import { boxAttacks } from './list/box-attacks.ts'
import { errorCode } from './world/client.ts'
import { dataAttacks } from './list/data-attacks.ts'
import { doorAttacks } from './list/door-attacks.ts'
import { elevationAttacks } from './list/elevation-attacks.ts'
import { farAttacks } from './far/far-attacks.ts'
import { withFarWorld } from './far/far-world.ts'
import { functionAttacks } from './list/function-attacks.ts'
import { kernelAttacks } from './list/kernel-attacks.ts'
import { leftoverAttacks } from './list/leftover-attacks.ts'
import { operatorAttacks } from './list/operator-attacks.ts'
import { peopleAttacks } from './list/people-attacks.ts'
import { requestAttacks } from './list/request-attacks.ts'
import { tokenAttacks } from './list/token-attacks.ts'
import { printable } from '../printable.ts'
import { readProbes } from './probes.ts'
import { resourceAttacks } from './list/resource-attacks.ts'
import { withWorld } from './world/world.ts'
import { writeAttacks } from './list/write-attacks.ts'

export type { Flooded } from './hostile-app/src/instruction.ts'
export { interruptionIn } from './world/closing.ts'
export { withWorld, type World } from './world/world.ts'
export type { Attack, Attempt, Control, StoppedBy } from './attack.ts'

/** Attacks on what runs, in the order in which they are made. */
const technical: readonly Attack[] = [
  ...tokenAttacks,
  ...requestAttacks,
  ...functionAttacks,
  ...doorAttacks,
  ...dataAttacks,
  ...boxAttacks,
  ...writeAttacks,
  ...kernelAttacks,
  ...leftoverAttacks,
  ...closedAttacks,
]

/** Attacks on and by people. They change who is elevated and what is revoked, so they come last. */
const personal: readonly Attack[] = [...operatorAttacks, ...peopleAttacks, ...elevationAttacks]

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

/** Where attacks are made until somebody interrupts. */
interface Interruptible {
  readonly interrupted: AbortSignal
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
  /** What runs the hostile app's functions. */
  readonly engine?: AttackedEngine
  /** A folder of probes that somebody else wrote; they come before the attacks on people. */
  readonly probes?: string
  /** Floods too, which take a second or two each. */
  readonly resources?: boolean
}): Promise<Answer> {
  const lines: string[] = []
  const say = (line: string): void => {
    if (options.json) return
    if (options.write === undefined) lines.push(line)
    else options.write(line)
  }
  const { engine = 'box' } = options
  const probes = options.probes === undefined ? undefined : await readProbes(options.probes)
  const floods = options.resources === true ? resourceAttacks : []
  const skipped = notTried[engine].filter(([prefix]) => options.resources === true || !prefix.startsWith('resources.'))
  const isChosen = ({ name }: { readonly name: string }): boolean =>
    name.startsWith(options.only ?? '') && !skipped.some(([prefix]) => name.startsWith(prefix))
  const carryOutAll = async <On extends Interruptible>(
    attacks: readonly AttackOn<On>[],
    world: On,
  ): Promise<readonly AttackReport[]> => {
    for (const [prefix, why] of skipped) say(`--  ${prefix.replace(/\.$/, '.*')}: not tried: ${why}`)
    const done: AttackReport[] = []
    for (const attack of attacks.filter(isChosen)) {
      const report = await carryOut(attack, world, engine !== 'gvisor' && engine !== 'workerd')
      world.interrupted.throwIfAborted()
      done.push(report)
      say(lineOf(report))
    }
    return done
  }
  const reports =
    engine === 'http' || engine === 'lambda'
      ? await withFarWorld(engine, Date.now, async (world) => {
          say(`${world.app.status.isolation}; ledger: ${world.app.status.ledger}`)
          say('an app whose function runs elsewhere, and whoever takes its calls on the way there')
          return carryOutAll(farAttacks, world)
        })
      : await withWorld(options.folder, { engine, ...(probes ? { probes } : {}) }, Date.now, async (world) => {
          say(`${world.hostile.status.isolation}; ledger: ${world.hostile.status.ledger}`)
          say(
            `from outside: ${world.edge.app.folder} (${world.edge.method} ${world.edge.path}); ` +
              'from inside: an app that does what it is told',
          )
          return carryOutAll([...technical, ...floods, ...(probes?.attacks ?? []), ...personal], world)
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

/** `strictly`: by one of the expected refusals. Another kernel words its own refusals as it likes. */
async function carryOut<On>(attack: AttackOn<On>, world: On, strictly: boolean): Promise<AttackReport> {
  const { name, tries, stoppedBy, expected, controls } = attack
  const attempt = await attack.run(world).catch(broken)
  const control = await attack
    .control(world)
    .catch((error: unknown) => ({ succeeded: false, evidence: errorCode(error) }))
  const asStated = !strictly || expected === undefined || expected.includes(attempt.code)
  const held = attempt.stopped && attempt.code !== 'attack.failed' && asStated && control.succeeded
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
