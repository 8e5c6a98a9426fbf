import { type ChildProcess, fork } from 'node:child_process'
import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'

import type { JWK } from 'jose'

import { installPeers } from './policy-peers.ts'
import { haproxyPath, peers } from './walk-peers.ts'

// CPU of one request at the ingress door, token in the cache, against a raw server, one that verifies an ES256 token
// at every request, and one that makes the same event and reads the same result; and the same with a DPoP proof for
// each request. The servers are processes of their own; rounds are interleaved.

installPeers()
const isThere = (name: string): boolean => !name.startsWith('haproxy') || haproxyPath() !== undefined
const kinds = ['raw', 'jose', 'bare', 'walk', 'dpop', ...Object.keys(peers).filter(isThere)]
const requests = 4_000
const rounds = 6
/** Until nothing is compiled any more: a server runs for months, and its first seconds are not its cost. */
const warmUp = 16_000
const connections = 16
const body = JSON.stringify({ items: [{ sku: 'tea', quantity: 2 }], currency: 'chf', note: 'x'.repeat(180) })

interface Server {
  readonly child: ChildProcess
  readonly port: number
  readonly token: string
  /** For proofs; absent where the token is bound to nothing. */
  readonly prove?: (port: number) => string
}

async function start(kind: string): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'walk-server.ts'), [kind], { execArgv: ['-C', 'source'] })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the server ${kind} ended`)))
  ended.catch(() => undefined) // at the end all of them do
  const [{ port, token, key }] = (await Promise.race([once(child, 'message'), ended])) as [
    { port: number; token: string; key?: JWK },
  ]
  return { child, port, token, ...(key && { prove: prover(key, token) }) }
}

/** A proof for each request (RFC 9449 §4.2); made here, so that its cost is not the server's. */
function prover({ d = '', ...publicJwk }: JWK, token: string): (port: number) => string {
  const key = createPrivateKey({ key: { ...publicJwk, d }, format: 'jwk' })
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicJwk })
  const ath = createHash('sha256').update(token).digest('base64url')
  return (port) => {
    const iat = Math.floor(Date.now() / 1_000)
    const htu = `http://localhost:${port}/orders/1`
    const signed = `${header}.${encode({ htm: 'POST', htu, iat, jti: randomUUID(), ath })}`
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    return `${signed}.${signature}`
  }
}

async function cpuMicros({ child }: Server): Promise<number> {
  child.send('usage')
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  return user + system
}

async function drive({ port, token, prove }: Server, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const call = request({
          agent,
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/orders/1',
          headers: {
            host: `localhost:${port}`,
            authorization: `${prove === undefined ? 'Bearer' : 'DPoP'} ${token}`,
            ...(prove === undefined ? {} : { dpop: prove(port) }),
            'content-type': 'application/json',
            'content-length': body.length,
          },
        })
        call.on('response', (response) => {
          if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`))
          response.resume().on('end', resolve)
        })
        call.on('error', reject)
        call.end(body)
      })
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  agent.destroy()
}

/** Whoever is said to verify a token does: one with another last letter but ten is refused. */
async function refuses({ port, token }: Server): Promise<boolean> {
  const at = token.length - 10
  const forged = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
  const headers = { authorization: `Bearer ${forged}`, 'content-type': 'application/json' }
  const { status } = await fetch(`http://localhost:${port}/orders/1`, { method: 'POST', body, headers })
  return status === 401
}

const servers = new Map(await Promise.all(kinds.map(async (kind) => [kind, await start(kind)] as const)))
const best = new Map<string, number>()
for (const [kind, server] of servers) {
  if (kind !== 'raw' && kind !== 'bare' && !(await refuses(server))) throw new Error(`${kind} takes a forged token`)
  await drive(server, warmUp)
}
for (let round = 0; round < rounds; round++) {
  for (const [kind, server] of servers) {
    const before = await cpuMicros(server)
    await drive(server, requests)
    const each = ((await cpuMicros(server)) - before) / requests
    best.set(kind, Math.min(best.get(kind) ?? Infinity, each))
  }
}
for (const { child } of servers.values()) child.disconnect()
if (haproxyPath() === undefined) console.log('(no haproxy on this machine: apt install haproxy, or HAPROXY=/path)\n')

const of = (kind: string): number => best.get(kind) ?? NaN
console.log(`| server | CPU µs/request | × raw |\n|---|---|---|`)
for (const kind of kinds) console.log(`| ${kind} | ${of(kind).toFixed(1)} | ${(of(kind) / of('raw')).toFixed(1)} |`)
console.log(`\nadded by the walk over the same invocation: ${(of('walk') - of('bare')).toFixed(1)} µs (target ≤ 30)`)
