import { admin, approve, controlled, endElevation, putOut, refund, requestAnew, revoke } from '../administer.ts'
import type { Attack } from '../attack.ts'
import { attemptOf, controlOf } from '../verdicts.ts'
import type { World } from '../world/world.ts'

async function elevated(world: World, name: string, by: string): Promise<string> {
  const id = await requestAnew(world, name)
  await approve(world, id, by)
  return id
}

const byAnother = {
  controls: 'another person approves it',
  control: async (world: World) => controlled(async () => approve(world, await requestAnew(world, 'ada'), 'grace')),
}

/** Elevation that somebody would like to have twice, for longer, or without a second person. */
export const elevationAttacks: readonly Attack[] = [
  {
    name: 'elevation.second-account',
    tries: 'an administrator approves their own elevation with a second account',
    stoppedBy: 'policy',
    expected: ['administration.self_approval'],
    run: async (world) => approve(world, await requestAnew(world, 'ada'), 'ada-ops'),
    ...byAnother,
  },
  {
    name: 'elevation.replayed-approval',
    tries: 'an approval that was given once is sent again after the elevation was ended',
    stoppedBy: 'door',
    expected: ['elevation.not_open'],
    run: async (world) => {
      const id = await elevated(world, 'ada', 'grace')
      await endElevation(world, id, 'grace')
      return approve(world, id, 'grace')
    },
    ...byAnother,
  },
  {
    name: 'elevation.ended',
    tries: 'an administrator refunds after their elevation was ended, with the token they had',
    stoppedBy: 'policy',
    expected: ['route.elevation_required'],
    run: async (world) => {
      await endElevation(world, await elevated(world, 'grace', 'ada'), 'ada')
      return attemptOf(await refund(world, 'grace'))
    },
    controls: 'the same token while the elevation runs',
    control: async (world) => {
      await elevated(world, 'grace', 'ada')
      return controlOf(await refund(world, 'grace'))
    },
  },
  {
    name: 'elevation.users-by-customer',
    tries: 'a customer puts another one out',
    stoppedBy: 'policy',
    expected: ['administration.role_missing'],
    run: async (world) =>
      putOut(world, 'bob', await world.bound(world.hostile, 'alice', { mfa: false, device: false })),
    controls: 'an administrator with both factors puts the same person out',
    control: async (world) => {
      const outcome = await controlled(async () => putOut(world, 'bob', await admin(world, 'grace')))
      await putOut(world, 'bob', await admin(world, 'grace'), 'enable')
      return outcome
    },
  },
  {
    name: 'elevation.stale',
    tries: 'an elevated administrator who was put out refunds with the token they had',
    stoppedBy: 'door',
    expected: ['token.revoked'],
    run: async (world) => {
      await elevated(world, 'ada-ops', 'grace')
      await admin(world, 'ada-ops')
      await revoke(world, 'user/ada-ops', 'grace')
      return attemptOf(await refund(world, 'ada-ops'))
    },
    controls: 'an elevated administrator whom nobody put out',
    control: async (world) => {
      await elevated(world, 'grace', 'ada')
      return controlOf(await refund(world, 'grace'))
    },
  },
]
