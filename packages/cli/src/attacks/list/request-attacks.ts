import type { Attack } from '../attack.ts'
import { errorCode, sendRaw } from '../world/client.ts'
import { attemptOf, attemptOfAll, controlOf } from '../verdicts.ts'
import type { World } from '../world/world.ts'

const plain = {
  controls: 'the same request, written plainly',
  control: async (world: World) => controlOf(await world.edge.call({ token: await world.edge.token() })),
}

/** One path of our own spelling, with a genuine token. */
async function withPath(world: World, path: string): ReturnType<World['request']> {
  return world.edge.call({ token: await world.edge.token(), path })
}

/** A head of our own making; what follows the blank line is up to the caller. */
async function raw(
  world: World,
  options: { readonly headers: readonly string[]; readonly rest?: string; readonly line?: string },
) {
  const { edge } = world
  const line = options.line ?? `${edge.method} ${edge.path} HTTP/1.1`
  const given = options.headers.some((header) => header.startsWith('host:')) ? [] : [`host: ${edge.authority}`]
  const head = [line, ...given, `authorization: Bearer ${await edge.token()}`, ...options.headers]
  return attemptOfAll(await sendRaw(edge.app, `${head.join('\r\n')}\r\n\r\n${options.rest ?? ''}`))
}

/** A body in chunks of our own making, to the route whose bodies may be large. */
async function inChunks(world: World, chunk: string, times: number): ReturnType<typeof sendRaw> {
  const { hostile } = world
  const token = await world.token(hostile, 'alice')
  const head = [
    `POST /do HTTP/1.1\r\nhost: ${new URL(hostile.gateway).host}\r\nauthorization: Bearer ${token}`,
    'content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n',
  ].join('\r\n')
  const one = `${chunk.length.toString(16)}\r\n${chunk}\r\n`
  const last = '{"do":"wait","ms":1}'
  return sendRaw(hostile, `${head}${one.repeat(times)}${last.length.toString(16)}\r\n${last}\r\n0\r\n\r\n`)
}

const framing = ['request.framing', 'request.duplicate_header', 'HTTP 400', 'ECONNRESET', 'request.malformed']

/** Requests that two readers could read differently. */
export const requestAttacks: readonly Attack[] = [
  ...[
    ['dot-segments', 'a path that climbs: /x/../…', (path: string) => `/x/..${path}`],
    ['encoded-dots', 'the same with %2e%2e', (path: string) => `/x/%2e%2e${path}`],
    ['double-slash', 'a doubled slash', (path: string) => `/${path}`],
    // The first slash stays: a target without one is no request at all.
    ['encoded-slash', 'a slash as %2f', (path: string) => path.replace(/(?<=.)\/([^/]*)$|$/, '%2f$1')],
    ['backslash', 'a backslash as %5c', (path: string) => path.replace(/(?<=.)\/([^/]*)$|$/, '%5c$1')],
    ['path-parameter', 'a path parameter: /orders;x=1/…', (path: string) => path.replace(/^(\/[^/]*)/, '$1;x=1')],
    ['null-byte', 'a null byte as %00', (path: string) => `${path}%00`],
    ['letter-case', 'the path in capital letters', (path: string) => path.toUpperCase()],
    ['trailing-slash', 'a slash at the end', (path: string) => `${path}/`],
  ].map(([name, tries, change]): Attack => ({
    name: `requests.${String(name)}`,
    tries: String(tries),
    stoppedBy: 'door',
    expected: ['request.path', 'route.unlisted'],
    run: async (world) => attemptOf(await withPath(world, (change as (path: string) => string)(world.edge.path))),
    ...plain,
  })),
  {
    name: 'requests.absolute-form',
    tries: 'a request line that names another host than the Host header',
    stoppedBy: 'door',
    expected: ['request.path', 'request.authority', 'route.unlisted', 'HTTP 400'],
    run: (world) =>
      raw(world, {
        line: `${world.edge.method} https://evil.example${world.edge.path} HTTP/1.1`,
        headers: ['connection: close'],
      }),
    ...plain,
  },
  {
    name: 'requests.two-hosts',
    tries: 'two Host headers',
    stoppedBy: 'door',
    expected: [...framing, 'request.authority'],
    run: (world) =>
      raw(world, { headers: [`host: ${world.edge.authority}`, 'host: evil.example', 'connection: close'] }),
    ...plain,
  },
  {
    name: 'requests.private-host',
    tries: 'the name of a private function in the Host header',
    stoppedBy: 'door',
    expected: ['request.authority', 'route.unlisted'],
    run: (world) =>
      raw(world, { headers: [`host: ${world.edge.functions.at(-1) ?? 'payments'}.fn.internal`, 'connection: close'] }),
    ...plain,
  },
  {
    name: 'requests.smuggled-length',
    tries: 'Content-Length and Transfer-Encoding together, with a second request inside (RFC 9112 §6.1)',
    stoppedBy: 'door',
    expected: framing,
    run: (world) =>
      raw(world, {
        headers: ['content-length: 4', 'transfer-encoding: chunked'],
        rest: `0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: ${world.edge.authority}\r\nconnection: close\r\n\r\n`,
      }),
    ...plain,
  },
  {
    name: 'requests.two-lengths',
    tries: 'two Content-Length headers that differ',
    stoppedBy: 'door',
    expected: framing,
    run: (world) =>
      raw(world, { headers: ['content-length: 0', 'content-length: 5', 'connection: close'], rest: 'hello' }),
    ...plain,
  },
  {
    name: 'requests.folded-header',
    tries: 'a header folded over two lines (RFC 9112 §5.2)',
    stoppedBy: 'door',
    expected: framing,
    run: (world) => raw(world, { headers: ['x-note: one', ' transfer-encoding: chunked', 'connection: close'] }),
    ...plain,
  },
  {
    name: 'requests.oversized-body',
    tries: 'a body of seven megabytes',
    stoppedBy: 'door',
    expected: ['request.too_large', 'ECONNRESET', 'EPIPE'],
    run: async (world) => {
      const token = await world.token(world.hostile, 'alice')
      try {
        return attemptOf(await world.request({ path: '/do', token, body: `"${'x'.repeat(7 * 1024 * 1024)}"` }))
      } catch (error) {
        // A gateway may also stop reading: what is not taken in cannot be passed on.
        const code = errorCode(error)
        return {
          stopped: ['ECONNRESET', 'EPIPE'].includes(code),
          code,
          evidence: 'the connection ended while it was sent',
        }
      }
    },
    controls: 'a small body on the same route',
    control: async (world) => {
      const token = await world.token(world.hostile, 'alice')
      return controlOf(await world.request({ path: '/do', token, body: '{"do":"wait","ms":1}' }))
    },
  },
  {
    name: 'requests.byte-by-byte',
    tries: 'a body in 6,000 chunks of one byte: hundreds of times its size, where each is held',
    stoppedBy: 'door',
    expected: ['request.too_fine', 'ECONNRESET', 'EPIPE'],
    run: async (world) => attemptOfAll(await inChunks(world, ' ', 6_000)),
    controls: 'the same bytes in six chunks',
    control: async (world) => {
      const [answer] = await inChunks(world, ' '.repeat(1_000), 6)
      return { succeeded: answer?.status === 200, evidence: `HTTP ${answer?.status}` }
    },
  },
  {
    name: 'requests.forged-identity',
    tries: 'headers that claim to come from inside, in the place of a token',
    stoppedBy: 'door',
    expected: ['token.missing'],
    run: async (world) =>
      attemptOf(
        await world.edge.call({
          headers: { 'x-sallyport-user': 'ada', 'x-sallyport-function': 'orders', 'x-amzn-oidc-identity': 'ada' },
        }),
      ),
    ...plain,
  },
]
