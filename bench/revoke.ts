import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// From the moment that somebody is revoked to their first refusal and to the end of their open stream, while everybody
// else makes 1,000 requests a second. The gateway is a process of its own; all clocks are this one's.

const perSecond = 1_000
const revocations = 200
const everyMs = 100
const bystanders = 100

const child = fork(join(import.meta.dirname, 'revoke-server.ts'), [String(revocations + bystanders)], {
  execArgv: ['-C', 'source'],
})
const [{ port, tokens }] = (await once(child, 'message')) as [{ port: number; tokens: readonly string[] }]
const revoked = tokens.slice(0, revocations)
const others = tokens.slice(revocations)
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const headersFor = (token: string): Record<string, string> => ({
  host: `localhost:${port}`,
  authorization: `Bearer ${token}`,
})

function ask(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...headersFor(token), 'content-type': 'application/json', 'content-length': '2' }
    const call = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/orders/1', headers })
    call.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
    call.on('error', reject)
    call.end('{}')
  })
}

/** Opens a stream; `ended` is the moment at which it broke off. */
async function openStream(token: string): Promise<{ readonly ended: Promise<number> }> {
  const call = get({ agent: false, port, host: '127.0.0.1', path: '/stream', headers: headersFor(token) })
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`the stream answered ${response.statusCode}`)
  await once(response, 'data')
  const { promise, resolve } = Promise.withResolvers<number>()
  response.on('error', () => undefined) // that it breaks off is what is waited for
  response.on('close', () => resolve(performance.now()))
  response.resume()
  return { ended: promise }
}

let asked = 0
let refused = 0
const ending = new AbortController()
/** Requests at a steady rate, whether answered or not: a slow server gets no respite. */
async function load(): Promise<void> {
  const startedAt = performance.now()
  const open = new Set<Promise<void>>()
  for (let made = 0; !ending.signal.aborted; made++) {
    const ahead = (made * 1000) / perSecond - (performance.now() - startedAt)
    if (ahead > 1) await sleep(ahead)
    const one = ask(others[made % others.length] ?? '').then((status) => {
      asked++
      if (status !== 200) refused++
      open.delete(one)
    })
    open.add(one)
  }
  await Promise.all(open)
}

const denied: number[] = []
const closed: number[] = []
const streams = await Promise.all(revoked.map(openStream))
for (const token of tokens) if ((await ask(token)) !== 200) throw new Error('a token was refused before its time')
const startedAt = performance.now()
const underLoad = load()
await sleep(1_000)
for (const [index, token] of revoked.entries()) {
  const next = sleep(everyMs)
  const since = performance.now()
  child.send(`user-${index}`)
  let status = 200
  while (status === 200) status = await ask(token)
  denied.push(performance.now() - since)
  closed.push(((await streams[index]?.ended) ?? Infinity) - since)
  if ((await ask(token)) !== 401) throw new Error('somebody who was revoked was let in')
  await next
}
ending.abort()
await underLoad
const seconds = (performance.now() - startedAt) / 1000
child.disconnect()
agent.destroy()

function line(what: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1)
  return `| ${what} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`
}
console.log('| from the revocation to | p50 ms | p99 ms | max ms |\n|---|---|---|---|')
console.log(line('the first refusal', denied))
console.log(line('the end of the open stream', closed))
const rate = (asked / seconds).toFixed(0)
console.log(
  `\n${revocations} revocations under ${rate} requests/s of ${bystanders} others, of which ${refused} were refused`,
)
