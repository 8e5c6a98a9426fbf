// What a waiting runtime does once, so that the function it will be given does not wait for it: it loads what functions
// load most, and answers a call of nobody, over a connection to itself. No function is known yet.
import { createHash, createHmac, createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// What AWS's SDK, HTTP clients and web frameworks import. Loading them costs as much as a small function's whole start.
const usual = [
  'node:assert',
  'node:child_process',
  'node:dns',
  'node:fs/promises',
  'node:http',
  'node:http2',
  'node:https',
  'node:module',
  'node:os',
  'node:querystring',
  'node:stream/promises',
  'node:timers/promises',
  'node:tls',
  'node:url',
  'node:util',
  'node:zlib',
]

export async function rehearse({ openConnection, run, pretend }) {
  void globalThis.Response // with it comes all of fetch
  await Promise.all(usual.map((name) => import(name)))
  const nothing = 'data:text/javascript,'
  await import(nothing)
  const macKey = createSecretKey(Buffer.alloc(32))
  pretend({ macKey, audience: '', codeDigest: '' }, (event) => event)
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()).on('data', () => socket.write(nextEvent(macKey)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const partner = openConnection(`127.0.0.1:${server.address().port}`, () => {})
  await partner.connected
  for (let times = 0; times < 3; times++) {
    const next = await partner.exchange('GET', '/')
    const { body } = await run(next, next.headers['lambda-runtime-aws-request-id'])
    await partner.exchange('POST', '/', body)
  }
  partner.end()
  await new Promise((resolve) => server.close(resolve)) // its connection too is gone then
  pretend(undefined, undefined)
}

/**
 * Gives back what the rehearsal left over, once nobody was in need of this runtime for a while: two megabytes and more,
 * most of them of a young generation that has grown and would stay so. It takes 20 to 40 ms of a processor, and the
 * first call takes no longer after it. What functions see is as it was: only a context made in between has a `gc`.
 */
export function giveBack() {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

let attempts = 0

/** An answer to `/next` as our host gives it. */
function nextEvent(macKey) {
  const attempt = `rehearsal-${(attempts += 1)}`
  const event = '{}'
  const issuedAtSeconds = Math.floor(Date.now() / 1000)
  const claims = {
    audience: '',
    codeDigest: '',
    bodySha256: createHash('sha256').update(event).digest('hex'),
    attempt,
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + 60,
  }
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  const tag = createHmac('sha256', macKey).update(`v1.${payload}`).digest('base64url')
  return [
    'HTTP/1.1 200 OK',
    `lambda-runtime-aws-request-id: ${attempt}`,
    `lambda-runtime-deadline-ms: ${Date.now()}`,
    `lambda-runtime-sallyport-ticket: v1.${payload}.${tag}`,
    `content-length: ${event.length}`,
    '',
    event,
  ].join('\r\n')
}
