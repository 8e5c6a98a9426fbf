// The probes that the engine's contract asks for, and what code in workerd would try, as a fetch handler.
import { connect } from 'cloudflare:sockets'
import { lookup } from 'node:dns/promises'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

let calls = 0

const probes = {
  echo: ({ value }) => value,
  count: () => (calls += 1),
  environment: (_, env) => env,
  wait: ({ ms }) => sleep(ms),
  throwError: ({ message }) => {
    throw new TypeError(message)
  },
  rejectLater: ({ message }) => {
    void Promise.reject(new RangeError(message))
    return new Promise(() => {})
  },
  exit: ({ status }) => process.exit(status),
  loop: () => {
    for (;;);
  },
  never: () => sleep(3_600_000),
  answerOf: ({ bytes }) => 'x'.repeat(bytes),
  allocate: ({ megabytes }) => {
    const held = []
    for (let at = 0; at < megabytes; at += 16) held.push(new Uint8Array(16 * 1024 * 1024).fill(1))
    return held.length
  },
  say: ({ text }) => console.log(text),
  fetch: ({ url }) =>
    fetch(url).then((response) => `${response.status} ${response.headers.get('x-door') ?? ''}`, String),
  socket: async ({ hostname, port }) => {
    const socket = connect({ hostname, port })
    try {
      await socket.opened
      return 'opened'
    } catch (error) {
      return String(error)
    }
  },
  resolve: ({ name }) => lookup(name).then(({ address }) => address, String),
  exists: ({ path }) => existsSync(path),
  read: ({ path }) => attempt(() => readFileSync(path, 'utf8')),
  write: ({ path }) => attempt(() => writeFileSync(path, 'x')),
  later: ({ url, afterMs }) => void setTimeout(() => void fetch(url).catch(() => {}), afterMs),
}

function attempt(action) {
  try {
    return { ok: true, value: action() ?? null }
  } catch (error) {
    return { ok: false, code: error.code ?? error.name }
  }
}

export default {
  async fetch(request, env) {
    const event = await request.json()
    return Response.json((await probes[event.probe](event, env)) ?? null)
  },
}
