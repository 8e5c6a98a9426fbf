import { admin, approve, controlled, refund, request, setKey } from '../administer.ts'
import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import type { Strength } from '../world/tokens.ts'
import { attemptInside, attemptOf, controlInside, controlOf } from '../verdicts.ts'
import type { FunctionName, World } from '../world/world.ts'

const strong: Strength = { mfa: true, device: true }
const doNothing = '{"do":"wait","ms":1}'

const askForRefund: Instruction = {
  do: 'http',
  url: 'http://orders.fn.internal/refund',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: doNothing,
}

const payOut: Instruction = { do: 'http', url: 'https://api.stripe.com/v1/payouts', method: 'POST', body: 'amount=100' }

/** The same code, the same call: only the person behind it is another. */
function whileServingAnAdmin(
  functionName: FunctionName,
  instruction: Instruction,
): Pick<Attack, 'controls' | 'control'> {
  return {
    controls: 'the same call while it serves an elevated administrator',
    control: async (world) => {
      await approve(world, await request(world, 'grace'), 'ada')
      return controlInside(await world.insideForAdmin(functionName, instruction, 'grace'))
    },
  }
}

/** The customer's own route, from this address. */
async function asAlice(
  world: World,
  from: string,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<World['request']> {
  return world.request({
    path: '/do',
    body: doNothing,
    token: await world.token(world.hostile, 'alice'),
    from,
    headers,
  })
}

const fromHome = {
  controls: 'the same from a declared country',
  control: async (world: World) => controlOf(await asAlice(world, '127.0.0.1')),
}

async function asSupport(world: World, strength: Strength): ReturnType<World['request']> {
  return world.request({ path: '/desk', token: await world.token(world.hostile, 'sam', strength) })
}

const strongSupport = {
  controls: 'the same person with both factors, on the enrolled device',
  control: async (world: World) => controlOf(await asSupport(world, strong)),
}

/** People who are who they say, and still may not. */
export const peopleAttacks: readonly Attack[] = [
  {
    name: 'people.country',
    tries: 'a customer calls from an undeclared country',
    stoppedBy: 'policy',
    expected: ['route.country'],
    run: async (world) => attemptOf(await asAlice(world, '127.0.66.6')),
    ...fromHome,
  },
  {
    name: 'people.forged-country',
    tries: 'the same, with forwarding headers that name an address at home',
    stoppedBy: 'policy',
    expected: ['route.country'],
    run: async (world) =>
      attemptOf(
        await asAlice(world, '127.0.66.6', {
          'x-forwarded-for': '127.0.0.1',
          forwarded: 'for=127.0.0.1',
          'x-real-ip': '127.0.0.1',
        }),
      ),
    ...fromHome,
  },
  {
    name: 'people.no-second-factor',
    tries: 'support signs in with the password alone',
    stoppedBy: 'policy',
    expected: ['route.mfa_required'],
    run: async (world) => attemptOf(await asSupport(world, { mfa: false, device: true })),
    ...strongSupport,
  },
  {
    name: 'people.unmanaged-device',
    tries: 'support signs in on a device that nobody enrolled',
    stoppedBy: 'policy',
    expected: ['route.device_unmanaged'],
    run: async (world) => attemptOf(await asSupport(world, { mfa: true, device: false })),
    ...strongSupport,
  },
  {
    name: 'people.forged-device',
    tries: 'the same, with headers that claim a managed device',
    stoppedBy: 'policy',
    expected: ['route.device_unmanaged'],
    run: async (world) => {
      const token = await world.token(world.hostile, 'sam', { mfa: true, device: false })
      const headers = { 'x-sallyport-device': 'managed', 'user-agent': 'Managed/1.0' }
      return attemptOf(await world.request({ path: '/desk', token, headers }))
    },
    ...strongSupport,
  },
  {
    name: 'people.other-role',
    tries: 'a customer calls what is for support',
    stoppedBy: 'policy',
    expected: ['route.role_missing'],
    run: async (world) =>
      attemptOf(await world.request({ path: '/desk', token: await world.token(world.hostile, 'alice') })),
    ...strongSupport,
  },
  {
    name: 'people.secret-without-person',
    tries: 'the local token alone sets a secret',
    stoppedBy: 'door',
    expected: ['token.missing'],
    run: (world) => setKey(world),
    controls: 'an administrator with both factors sets it',
    control: (world) => controlled(async () => setKey(world, await admin(world, 'ada'))),
  },
  {
    name: 'people.secret-by-customer',
    tries: 'a customer sets a secret',
    stoppedBy: 'policy',
    expected: ['administration.role_missing', 'administration.mfa_required'],
    run: async (world) => setKey(world, await world.bound(world.hostile, 'alice', { mfa: false, device: false })),
    controls: 'an administrator with both factors sets it',
    control: (world) => controlled(async () => setKey(world, await admin(world, 'ada'))),
  },
  {
    name: 'people.self-approval',
    tries: 'an administrator approves their own elevation',
    stoppedBy: 'policy',
    expected: ['administration.self_approval'],
    run: async (world) => approve(world, await request(world, 'ada'), 'ada'),
    controls: 'another administrator approves it',
    control: (world) => controlled(async () => approve(world, await request(world, 'ada'), 'grace')),
  },
  {
    name: 'people.not-elevated',
    tries: 'an administrator refunds without having been elevated, beside one who is',
    stoppedBy: 'policy',
    expected: ['route.elevation_required'],
    run: async (world) => attemptOf(await refund(world, 'grace')),
    controls: 'the same administrator, elevated by another one',
    control: async (world) => {
      await approve(world, await request(world, 'grace'), 'ada')
      return controlOf(await refund(world, 'grace'))
    },
  },
  {
    name: 'people.refund-on-behalf',
    tries: 'the storefront asks for a refund on a customer’s behalf',
    stoppedBy: 'policy',
    expected: ['function.not_granted_for'],
    run: async (world) => attemptInside(await world.inside('storefront', askForRefund)),
    ...whileServingAnAdmin('storefront', askForRefund),
  },
  {
    name: 'people.payout-on-behalf',
    tries: 'payments pays out at its door on a customer’s behalf',
    stoppedBy: 'policy',
    expected: ['door.not_granted_for'],
    run: async (world) => attemptInside(await world.inside('payments', payOut)),
    ...whileServingAnAdmin('payments', payOut),
  },
]
