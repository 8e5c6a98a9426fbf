import { SallyportError } from '@sallyport/core/access'

import type { BoundToken } from '../bound/index.ts'
import { isRecord, type Presented } from '../local-api.ts'
import type { Attempt, Control } from './attack.ts'
import type { World } from './world/world.ts'

/** An access token of an administrator, with both factors, the enrolled device, and the key that it is bound to. */
export const admin = (world: World, name: string): Promise<BoundToken> => world.bound(world.hostile, name)

/** A route that is open to elevated administrators alone. */
export async function refund(world: World, name: string): ReturnType<World['request']> {
  return world.request({ path: '/refund', body: '{"do":"wait","ms":1}', token: await admin(world, name) })
}

/** Asks for an elevation in somebody's name; gives the request's id. */
export async function request(world: World, name: string): Promise<string> {
  return (await ask(world, name)).id
}

/** The same, where nothing stands from before: what is live is ended first. */
export async function requestAnew(world: World, name: string): Promise<string> {
  const known = await ask(world, name)
  if (known.state === 'requested' && !known.consented) return known.id
  await endElevation(world, known.id, name)
  return request(world, name)
}

/** Approves a request in somebody's name. */
export async function approve(world: World, id: string, name: string): Promise<Attempt> {
  return administer(world, 'POST', `/v1/elevation/${id}/approve`, undefined, await admin(world, name))
}

/** Ends an elevation in somebody's name. */
export async function endElevation(world: World, id: string, name: string): Promise<Attempt> {
  return administer(world, 'POST', `/v1/elevation/${id}/revoke`, '{"reason":"an attack"}', await admin(world, name))
}

/** Ends everything that rests on a user, a session or a function. */
export async function revoke(world: World, target: string, name: string): Promise<Attempt> {
  const body = JSON.stringify({ target, reason: 'an attack of our own' })
  return administer(world, 'POST', '/v1/revocations', body, await admin(world, name))
}

/** Puts a user out, or lets them in again. */
export async function putOut(world: World, name: string, person: Presented, act = 'disable'): Promise<Attempt> {
  return administer(world, 'POST', `/v1/users/${name}/${act}`, '{"reason":"an attack of our own"}', person)
}

/** Shuts a person or a function off, or releases it. */
export async function quarantine(world: World, target: string, name: string, act?: 'release'): Promise<Attempt> {
  const body = JSON.stringify({ target, reason: 'an attack of our own' })
  const path = act === undefined ? '/v1/quarantine' : '/v1/quarantine/release'
  return administer(world, 'POST', path, body, await admin(world, name))
}

/** Invites an account that nobody has. */
export async function invite(world: World, person: Presented): Promise<Attempt> {
  return administer(world, 'POST', '/v1/users/nobody-yet/add', '{"roles":["admin"]}', person)
}

/** Sets the secret of the hostile app's door to what it is already. */
export async function setKey(world: World, person?: Presented): Promise<Attempt> {
  return administer(world, 'PUT', '/v1/secrets/stripe-key', world.stripeKey, person)
}

/** What was let through where it should be, as a control. */
export async function controlled(run: () => Promise<Attempt>): Promise<Control> {
  const { stopped, evidence } = await run()
  return { succeeded: !stopped, evidence }
}

async function ask(
  world: World,
  name: string,
): Promise<{ readonly id: string; readonly state: string; readonly consented: boolean }> {
  const body = new TextEncoder().encode('{"role":"admin","reason":"an attack of our own"}')
  const person = await admin(world, name)
  const answer = await world.hostile.api.call({ method: 'POST', path: '/v1/elevation', body, person })
  const asked = isRecord(answer) && isRecord(answer['request']) ? answer['request'] : {}
  const { id, state, approvedBy } = asked
  return { id: String(id), state: String(state), consented: Array.isArray(approvedBy) && approvedBy.length > 0 }
}

/** One administrative call; an answer other than a refusal is a success of the attack. */
async function administer(
  world: World,
  method: 'POST' | 'PUT',
  path: string,
  body: string | undefined,
  person?: Presented,
): Promise<Attempt> {
  const sent = body === undefined ? {} : { body: new TextEncoder().encode(body) }
  try {
    await world.hostile.api.call({ method, path, ...sent, ...(person === undefined ? {} : { person }) })
    return { stopped: false, code: 'done', evidence: `${method} ${path} was carried out` }
  } catch (error) {
    if (!(error instanceof SallyportError) || error.code !== 'cli.refused') throw error
    const code = /refused: ([a-z_.]+)/.exec(error.message)?.[1] ?? 'refused'
    return { stopped: true, code, evidence: error.fix ?? error.message }
  }
}
