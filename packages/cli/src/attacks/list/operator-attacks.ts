import { makeHolderKey } from '../../bound/index.ts'
import { admin, controlled, invite, quarantine, setKey } from '../administer.ts'
import type { Attack } from '../attack.ts'
import { attemptOf, controlOf } from '../verdicts.ts'

const body = '{"do":"wait","ms":1}'

const byHerself = {
  controls: 'the administrator herself, on her device',
  control: (world: Parameters<Attack['control']>[0]) =>
    controlled(async () => setKey(world, await admin(world, 'ada'))),
}

/** What is worth stealing of those who run Sallyport, and worth nothing elsewhere. */
export const operatorAttacks: readonly Attack[] = [
  {
    name: 'operators.stolen-token',
    tries: 'an administrator’s token, copied to another device, sets a secret',
    stoppedBy: 'door',
    expected: ['token.sender_constrained'],
    run: async (world) => setKey(world, { accessToken: (await admin(world, 'ada')).accessToken }),
    ...byHerself,
  },
  {
    name: 'operators.stolen-token-own-key',
    tries: 'the same, with proofs of a key that the thief has',
    stoppedBy: 'door',
    expected: ['dpop.binding'],
    run: async (world) => setKey(world, { ...(await admin(world, 'ada')), key: makeHolderKey() }),
    ...byHerself,
  },
  {
    name: 'operators.bearer-token',
    tries: 'an administrator’s token that is bound to no device sets a secret',
    stoppedBy: 'door',
    expected: ['token.unbound'],
    run: async (world) => setKey(world, { accessToken: await world.token(world.hostile, 'ada') }),
    ...byHerself,
  },
  {
    name: 'operators.no-second-factor',
    tries: 'who holds the password, the device and its key, but no second factor, sets a secret',
    stoppedBy: 'policy',
    expected: ['administration.mfa_required'],
    run: async (world) => setKey(world, await world.bound(world.hostile, 'ada', { mfa: false, device: true })),
    ...byHerself,
  },
  {
    name: 'operators.invites-herself',
    tries: 'a customer invites a second account of hers with the role of an administrator',
    stoppedBy: 'policy',
    expected: ['administration.role_missing'],
    run: async (world) => invite(world, await world.bound(world.hostile, 'alice', { mfa: false, device: false })),
    controls: 'an administrator invites the same account',
    control: (world) => controlled(async () => invite(world, await admin(world, 'ada'))),
  },
  {
    name: 'operators.quarantined-function',
    tries: 'a customer calls a route whose function is in quarantine',
    stoppedBy: 'door',
    expected: ['quarantine.function'],
    run: async (world) => {
      await quarantine(world, 'function/storefront', 'ada')
      try {
        return attemptOf(await world.request({ path: '/do', body, token: await world.token(world.hostile, 'alice') }))
      } finally {
        await quarantine(world, 'function/storefront', 'ada', 'release')
      }
    },
    controls: 'the same call once the function is released',
    control: async (world) =>
      controlOf(await world.request({ path: '/do', body, token: await world.token(world.hostile, 'alice') })),
  },
]
