import type { Attack } from '../attack.ts'
import { sendRaw } from '../world/client.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { replayTicket, tamperBody } from '../ticket-guard.ts'
import { attemptInside, attemptOfAll, controlInside, controlOf } from '../verdicts.ts'
import type { World } from '../world/world.ts'

const refused = ['function.not_granted', 'zone.closed']
const nothing: Instruction = { do: 'wait', ms: 1 }

const granted = {
  controls: 'the storefront calls the function that it may call',
  control: async (world: World) => controlInside(await world.inside('orders', nothing)),
}

const call = (url: string, headers: Readonly<Record<string, string>> = {}): Instruction => ({
  do: 'http',
  url,
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(nothing),
})

/** Calls between functions that nobody wrote down. */
export const functionAttacks: readonly Attack[] = [
  {
    name: 'functions.private-from-outside',
    tries: 'a private function’s operation, asked for at the gateway',
    stoppedBy: 'door',
    expected: ['route.unlisted', 'request.authority'],
    run: async (world) => {
      const token = await world.token(world.hostile, 'alice')
      const { host } = new URL(world.hostile.gateway)
      const body = JSON.stringify(nothing)
      const about = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
      const rest = `authorization: Bearer ${token}\r\n${about}`
      const ask = async (path: string, name: string): ReturnType<typeof sendRaw> =>
        sendRaw(world.hostile, `POST ${path} HTTP/1.1\r\nhost: ${name}\r\n${rest}connection: close\r\n\r\n${body}`)
      const answers = [
        await ask('/work', host),
        await ask('/payments/work', host),
        await ask('/work', 'payments.fn.internal'),
      ]
      return attemptOfAll(answers.flat())
    },
    controls: 'the public route at the same gateway',
    control: async (world) => {
      const token = await world.token(world.hostile, 'alice')
      return controlOf(await world.request({ path: '/do', token, body: JSON.stringify(nothing) }))
    },
  },
  {
    name: 'functions.past-the-middle',
    tries: 'the storefront calls payments directly',
    stoppedBy: 'policy',
    expected: refused,
    run: async (world) => attemptInside(await world.inside('storefront', call('http://payments.fn.internal/work'))),
    ...granted,
  },
  {
    name: 'functions.forged-caller',
    tries: 'the same, with headers that say it is orders, for ada',
    stoppedBy: 'policy',
    expected: refused,
    run: async (world) => {
      const forged = { 'x-sallyport-function': 'orders', 'x-sallyport-user': 'ada', authorization: 'Bearer x' }
      return attemptInside(await world.inside('storefront', call('http://payments.fn.internal/work', forged)))
    },
    ...granted,
  },
  {
    name: 'functions.other-operation',
    tries: 'orders calls an operation of payments that it was not given',
    stoppedBy: 'policy',
    expected: refused,
    run: async (world) => attemptInside(await world.inside('orders', call('http://payments.fn.internal/refund'))),
    controls: 'orders calls the operation that it was given',
    control: async (world) => controlInside(await world.inside('payments', nothing)),
  },
  {
    name: 'functions.upwards',
    tries: 'payments calls back into the storefront’s zone',
    stoppedBy: 'policy',
    expected: refused,
    run: async (world) => attemptInside(await world.inside('payments', call('http://orders.fn.internal/work'))),
    ...granted,
  },
  {
    name: 'functions.path-trick',
    tries: 'an operation’s name that climbs to another one by dot segments',
    stoppedBy: 'door',
    expected: ['door.path', 'door.unlisted', 'function.not_granted'],
    run: async (world) => {
      const body = JSON.stringify(nothing)
      const climbing = ['', 'work', '..', 'refund'].join('/')
      const head = `POST ${climbing} HTTP/1.1\r\nhost: payments.fn.internal\r\ncontent-length: ${body.length}\r\n`
      const text = `${head}connection: close\r\n\r\n${body}`
      return attemptInside(await world.inside('orders', { do: 'raw', host: '192.0.2.1', port: 80, text }))
    },
    controls: 'the operation under its own path, by the same means',
    control: async (world) => {
      const body = JSON.stringify(nothing)
      const head = 'POST /work HTTP/1.1\r\nhost: payments.fn.internal\r\ncontent-type: application/json\r\n'
      const text = `${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
      return controlInside(await world.inside('orders', { do: 'raw', host: '192.0.2.1', port: 80, text }))
    },
  },
  {
    name: 'functions.replayed-ticket',
    tries: 'an invocation’s ticket, given to the same box a second time',
    stoppedBy: 'box',
    expected: ['ticket.replayed'],
    run: () => replayTicket(),
    controls: 'the same ticket the first time',
    control: async () => {
      const { first } = await replayTicket()
      return { succeeded: first === 'response', evidence: `the box answered with a ${first}` }
    },
  },
  {
    name: 'functions.tampered-body',
    tries: 'a genuine ticket with another event than the one that it was made for',
    stoppedBy: 'box',
    expected: ['ticket.body'],
    run: () => tamperBody(true),
    controls: 'the same ticket with its own event',
    control: async () => {
      const { stopped, evidence } = await tamperBody(false)
      return { succeeded: !stopped, evidence }
    },
  },
]
