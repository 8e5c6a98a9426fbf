import { type ChildProcess, spawn } from 'node:child_process'
import { type KeyObject, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { exportJWK, jwtVerify, SignJWT } from 'jose'

import { peersFolder } from './policy-peers.ts'

// What others do for a request with an ES256 token: fastify's and hono's own middleware, a proxy of undici with jose,
// and HAProxy's jwt_verify. They verify a signature and no more: no audience, no policy, no record.

/** Where it listens, and what a client needs. */
export interface Peer {
  readonly port: number
  readonly token: string
  /** User and system time so far, in microseconds, where it is no process of Node's. */
  readonly cpuMicros?: () => number
}

const answer = '{"ok":true}'
const peer = createRequire(join(peersFolder, 'package.json'))

interface Keys {
  readonly token: string
  readonly publicKey: KeyObject
  readonly pem: string
}

async function keys(): Promise<Keys> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const token = await new SignJWT({ sub: 'alice' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  return { token, publicKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

async function upstream(): Promise<number> {
  const server = createServer((request, response) => void request.resume().on('end', () => response.end(answer)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

// The peers are asked in their own words; they are not typed here.
/* oxlint-disable typescript/no-unsafe-type-assertion */
async function fastify(cache: boolean): Promise<Peer> {
  const { token, pem } = await keys()
  interface Request {
    jwtVerify(): Promise<unknown>
  }
  const make = peer('fastify') as () => {
    register(plugin: unknown, options: object): void
    addHook(name: string, hook: (request: Request) => Promise<unknown>): void
    post(path: string, handler: () => Promise<string>): void
    listen(options: object): Promise<string>
  }
  const app = make()
  app.register(peer('@fastify/jwt'), {
    secret: { public: pem },
    verify: { algorithms: ['ES256'], ...(cache ? { cache: 1_000 } : {}) },
  })
  app.addHook('onRequest', (request) => request.jwtVerify())
  app.post('/orders/:id', async () => answer)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: Number(new URL(address).port), token }
}

async function hono(): Promise<Peer> {
  const { token, publicKey } = await keys()
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }
  const { Hono } = peer('hono') as {
    Hono: new () => {
      use(path: string, middleware: unknown): void
      post(path: string, handler: (context: { req: { text(): Promise<string> } }) => Promise<Response>): void
    }
  }
  const middleware = peer('hono/jwk') as { jwk(options: object): unknown }
  const { serve } = peer('@hono/node-server') as {
    serve(options: object, listening: (at: AddressInfo) => void): void
  }
  const app = new Hono()
  app.use('*', middleware.jwk({ keys: [jwk], alg: ['ES256'] }))
  app.post('/orders/:id', async (context) => {
    await context.req.text()
    return new Response(answer)
  })
  const at = await new Promise<AddressInfo>((resolve) =>
    serve({ ...app, fetch: Reflect.get(app, 'fetch'), port: 0, hostname: '127.0.0.1' }, resolve),
  )
  return { port: at.port, token }
}

/** The upstream is a process of its own: what it costs is not the proxy's. */
async function undici(cache: boolean): Promise<Peer> {
  const { token, publicKey } = await keys()
  const { Pool } = peer('undici') as {
    Pool: new (
      origin: string,
      options: object,
    ) => { request(what: object): Promise<{ statusCode: number; body: { text(): Promise<string> } }> }
  }
  const pool = new Pool(`http://127.0.0.1:${await upstreamElsewhere()}`, { connections: 16 })
  const known = new Map<string, number>()
  const isGood = async (authorization: string): Promise<boolean> => {
    const presented = authorization.slice('Bearer '.length)
    const until = known.get(presented)
    if (cache && until !== undefined) return Date.now() < until
    const { payload } = await jwtVerify(presented, publicKey)
    known.set(presented, (payload.exp ?? 0) * 1000)
    return true
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      void isGood(request.headers.authorization ?? '')
        .then(async (good) => {
          if (!good) throw new Error('expired')
          const { authorization: _, connection: _hop, host: _host, ...headers } = request.headers
          const { method, url: path } = request
          const sent = await pool.request({ path, method, headers, body: Buffer.concat(chunks) })
          response.writeHead(sent.statusCode, { 'content-type': 'application/json' })
          return response.end(await sent.body.text())
        })
        .catch(() => response.writeHead(401).end())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, token }
}

async function upstreamElsewhere(): Promise<number> {
  const child = spawn(process.execPath, ['-C', 'source', import.meta.filename, 'upstream'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  process.on('exit', () => child.kill())
  return new Promise((resolve) => child.once('message', (port) => resolve(Number(port))))
}

/** HAProxy 2.6 or later, from Debian; absent on many machines. */
export function haproxyPath(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return process.env['HAPROXY'] ?? folders.map((one) => join(one, 'haproxy')).find((file) => existsSync(file))
}

async function haproxy(): Promise<Peer> {
  const { token, pem } = await keys()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-haproxy-'))
  const key = join(folder, 'key.pem')
  writeFileSync(key, pem)
  const [port, to] = [await freePort(), await upstreamElsewhere()]
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  nbthread 1
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend in
  bind 127.0.0.1:${port}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_header_query('$.alg') -m str ES256 }
  http-request set-var(txn.alg) str(ES256)
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"${key}") 1 }
  default_backend out
backend out
  server one 127.0.0.1:${to}
`,
  )
  const child: ChildProcess = spawn(haproxyPath() ?? '', ['-db', '-f', join(folder, 'haproxy.cfg')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  process.on('exit', () => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await untilListening(port)
  return { port, token, cpuMicros: () => ticksOf(child.pid ?? 0) * 10_000 }
}

/** User and system time of a process, in hundredths of a second (proc(5), fields 14 and 15). */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false, // not yet
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('haproxy does not listen')
}

/** By name, those that are there. */
export const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  'fastify-jwt': () => fastify(false),
  'fastify-jwt, cached': () => fastify(true),
  'hono jwk': hono,
  'undici proxy + jose': () => undici(false),
  'undici proxy + jose, cached': () => undici(true),
  'haproxy jwt_verify': haproxy,
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'upstream') process.send?.(await upstream())
