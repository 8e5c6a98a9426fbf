import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'

// CPU of one request at the ingress door, token in the cache, against a raw server and against one that makes the
// same event and reads the same result. The servers are processes of their own; rounds are interleaved.

const kinds = ['raw', 'bare', 'walk'] as const
const requests = 4_000
const rounds = 5
const connections = 16
const body = JSON.stringify({ items: [{ sku: 'tea', quantity: 2 }], currency: 'chf', note: 'x'.repeat(180) })

interface Server {
  readonly child: ChildProcess
  readonly port: number
  readonly token: string
}

async function start(kind: string): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'walk-server.ts'), [kind], { execArgv: ['-C', 'source'] })
  const [{ port, token }] = (await once(child, 'message')) as [{ port: number; token: string }]
  return { child, port, token }
}

async function cpuMicros({ child }: Server): Promise<number> {
  child.send('usage')
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  return user + system
}

async function drive({ port, token }: Server, count: number): Promise<void> {
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
            authorization: `Bearer ${token}`,
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

const servers = new Map(await Promise.all(kinds.map(async (kind) => [kind, await start(kind)] as const)))
const best = new Map<string, number>()
for (const server of servers.values()) await drive(server, requests)
for (let round = 0; round < rounds; round++) {
  for (const [kind, server] of servers) {
    const before = await cpuMicros(server)
    await drive(server, requests)
    const each = ((await cpuMicros(server)) - before) / requests
    best.set(kind, Math.min(best.get(kind) ?? Infinity, each))
  }
}
for (const { child } of servers.values()) child.disconnect()

const of = (kind: string): number => best.get(kind) ?? NaN
console.log(`| server | CPU µs/request | × raw |\n|---|---|---|`)
for (const kind of kinds) console.log(`| ${kind} | ${of(kind).toFixed(1)} | ${(of(kind) / of('raw')).toFixed(1)} |`)
console.log(`\nadded by the walk over the same invocation: ${(of('walk') - of('bare')).toFixed(1)} µs (target ≤ 30)`)
