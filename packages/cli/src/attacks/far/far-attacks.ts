import { generateKeyPairSync, sign } from 'node:crypto'

import { createSeenOnce, createTicketVerifier } from '@sallyport/core/identity'

import type { AttackOn, Attempt, Control } from '../attack.ts'
import { farFunction, type FarWorld, type Taken } from './far-world.ts'

type Verifier = ReturnType<typeof createTicketVerifier>
type Asked = Partial<Parameters<typeof createTicketVerifier>[0]>

/** The five lines of the documentation, with what one of them has in its place. */
function verifierOf({ keys }: FarWorld, asked: Asked = {}): Verifier {
  return createTicketVerifier({
    issuer: farFunction.issuer,
    keys: JSON.parse(keys) as { keys: [] }, // parse boundary: the gateway's own document
    audience: farFunction.audience,
    codeDigest: farFunction.version,
    used: { shared: true, ...createSeenOnce(1_000) },
    nowSeconds: () => Date.now() / 1_000,
    ...asked,
  })
}

/** A call on its way, taken before the function saw it. */
async function take(world: FarWorld): Promise<Taken> {
  const before = world.taken.length
  const answer = await world.call('alice', '{"amount":1}')
  const taken = world.taken[before]
  if (taken === undefined) throw new Error(`no call arrived there: HTTP ${answer.status} ${answer.code ?? ''}`)
  return taken
}

async function shown(verifier: Verifier, ticket: string | undefined, body: Taken['body']): Promise<Attempt> {
  const verdict = await verifier.verify(ticket, body)
  if (verdict.kind === 'accepted') return { stopped: false, code: 'ran', evidence: `for ${verdict.claims.user}` }
  return { stopped: true, code: verdict.code, evidence: 'the function refused it' }
}

/** The same ticket, with its own event, at the function that it is for, in time. */
const genuine = {
  controls: 'the same ticket as it was meant',
  control: async (world: FarWorld): Promise<Control> => {
    const { ticket, body } = await take(world)
    const { stopped, code, evidence } = await shown(verifierOf(world), ticket, body)
    return { succeeded: !stopped, evidence: `${code} ${evidence}` }
  },
}

interface Row {
  readonly name: string
  readonly tries: string
  readonly expected: string
  readonly run: (world: FarWorld, taken: Taken) => Promise<Attempt>
}

const stolen: readonly Row[] = [
  {
    name: 'no-ticket',
    tries: 'call the function at its own address, with no ticket',
    expected: 'ticket.missing',
    run: (world, { body }) => shown(verifierOf(world), undefined, body),
  },
  {
    name: 'forged',
    tries: 'a ticket for an administrator, under a key of the attacker’s',
    expected: 'ticket.signature',
    run: (world, { ticket, body }) => shown(verifierOf(world), forged(ticket ?? ''), body),
  },
  {
    name: 'replayed',
    tries: 'a ticket that has been used',
    expected: 'ticket.replayed',
    run: async (world, { ticket, body }) => {
      const verifier = verifierOf(world)
      await verifier.verify(ticket, body)
      return shown(verifier, ticket, body)
    },
  },
  {
    name: 'other-event',
    tries: 'a stolen ticket with another event',
    expected: 'ticket.body',
    run: (world, { ticket }) => shown(verifierOf(world), ticket, new TextEncoder().encode('{"amount":1000000}')),
  },
  {
    name: 'other-function',
    tries: 'a stolen ticket at another function',
    expected: 'ticket.audience',
    run: (world, { ticket, body }) =>
      shown(verifierOf(world, { audience: `${farFunction.audience}-refunds` }), ticket, body),
  },
  {
    name: 'other-version',
    tries: 'a stolen ticket at an older version, with a hole that the newer has not',
    expected: 'ticket.code',
    run: (world, { ticket, body }) => shown(verifierOf(world, { codeDigest: '6' }), ticket, body),
  },
  {
    name: 'other-app',
    tries: 'a stolen ticket at another app’s function of that name',
    expected: 'ticket.issuer',
    run: (world, { ticket, body }) => shown(verifierOf(world, { issuer: 'spiffe://near' }), ticket, body),
  },
  {
    name: 'late',
    tries: 'a stolen ticket, a minute later',
    expected: 'ticket.expired',
    run: (world, { ticket, body }) =>
      shown(verifierOf(world, { nowSeconds: () => Date.now() / 1_000 + 61 }), ticket, body),
  },
]

/** What a function elsewhere has to fear: who calls it past the gateway, and what its own machine could do to us. */
export const farAttacks: readonly AttackOn<FarWorld>[] = [
  ...stolen.map(({ name, tries, expected, run }): AttackOn<FarWorld> => ({
    name: `far.${name}`,
    tries,
    stoppedBy: 'door',
    expected: [expected],
    run: async (world) => run(world, await take(world)),
    ...genuine,
  })),
  {
    name: 'far.not-granted',
    tries: 'somebody who may not call it, at the gateway',
    stoppedBy: 'policy',
    expected: ['route.role_missing'],
    run: async (world) => {
      const before = world.taken.length
      const { status, code } = await world.call('sam', '{}')
      const arrived = world.taken.length - before
      return { stopped: arrived === 0, code: code ?? `HTTP ${status}`, evidence: `${arrived} calls arrived there` }
    },
    controls: 'somebody who may',
    control: async (world) => {
      const before = world.taken.length
      const { status } = await world.call('alice', '{}')
      const arrived = world.taken.length - before
      return { succeeded: arrived === 1 && status === 200, evidence: `${arrived} calls arrived there, HTTP ${status}` }
    },
  },
  {
    name: 'far.redirect',
    tries: 'the machine elsewhere sends the server to a service on its own loopback',
    stoppedBy: 'door',
    expected: ['function.unreachable'],
    run: async (world) => {
      const before = world.canaries.hits.length
      world.redirectTo(`${world.canaries.httpUrl}/from-elsewhere`)
      const { status, code } = await world.call('alice', '{}')
      const [hit] = world.canaries.hits.slice(before)
      if (hit !== undefined) return { stopped: false, code: 'canary.hit', evidence: hit }
      return { stopped: status >= 400, code: code ?? `HTTP ${status}`, evidence: 'the canary was not hit' }
    },
    controls: 'a client that follows redirects, at the same address',
    control: async (world) => {
      const before = world.canaries.hits.length
      await fetch(`${world.canaries.httpUrl}/from-elsewhere`, { method: 'POST', body: '{}' })
      const [hit] = world.canaries.hits.slice(before)
      return { succeeded: hit !== undefined, evidence: hit ?? 'the canary was not hit' }
    },
  },
]

/** The claims of a genuine ticket with another person in it, signed by nobody we know, under the same key's name. */
function forged(ticket: string): string {
  const [head = '', payload = ''] = ticket.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as object // our own server wrote it
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'ada' })).toString('base64url')
  const { privateKey } = generateKeyPairSync('ed25519')
  return `${head}.${changed}.${sign(null, Buffer.from(`${head}.${changed}`), privateKey).toString('base64url')}`
}
