import type { Administration } from './administration/index.ts'
import type { QuarantineActs } from './api/index.ts'
import type { Deployed, Engines } from './host/index.ts'

/** What putting functions into service needs. */
export interface InServiceOptions {
  readonly engines: Pick<Engines, 'deploy' | 'withdraw'>
  readonly administration: Pick<Administration, 'quarantine' | 'release' | 'isQuarantined' | 'quarantined'>
  /** Every function of the manifest in force, built. */
  readonly build: () => Promise<readonly Deployed[]>
  /** What a box is given besides. */
  readonly equip: (deployed: Deployed) => Deployed
}

/** Functions are in service but for those in quarantine, whichever way they come: a start, a reload, a renewal. */
export interface InService extends Omit<QuarantineActs, 'app'> {
  readonly deploy: (deployed: readonly Deployed[]) => Promise<void>
}

/** A function in quarantine has no box: the doors refuse it, and nothing of it runs. */
export function openInService({ engines, administration, build, equip }: InServiceOptions): InService {
  const deploy: InService['deploy'] = (deployed) =>
    engines.deploy(deployed.filter(({ name }) => !administration.isQuarantined(`function/${name}`)).map(equip))
  return {
    deploy,
    quarantined: administration.quarantined,
    quarantine: async (target, by, reason) => {
      const recorded = administration.quarantine(target, by, reason)
      const name = functionOf(target)
      // Both, whichever fails: what cannot be recorded is shut off all the same, and the caller learns of it.
      const [wasRecorded] = await Promise.allSettled([
        recorded,
        ...(name === undefined ? [] : [engines.withdraw(name)]),
      ])
      if (wasRecorded.status === 'rejected') throw wasRecorded.reason
    },
    release: async (target, by, reason) => {
      await administration.release(target, by, reason)
      const name = functionOf(target)
      if (name !== undefined) await deploy((await build()).filter((one) => one.name === name))
    },
  }
}

function functionOf(target: string): string | undefined {
  return target.startsWith('function/') ? target.slice('function/'.length) : undefined
}
