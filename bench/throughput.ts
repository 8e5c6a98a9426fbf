import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

import { openPlaces } from '../packages/server/src/host/testing/box-costs.ts'
import { codeFolder, makeEngine, openFolder } from '../packages/server/src/host/testing/make-engine.ts'

// Calls per second of one function: in boxes; in plain processes that the same client and Runtime API drive; in plain
// processes that serve HTTP by themselves; and in workerd alone. Two processes each, as there are two processors, but
// one workerd, which has one thread. WORKERD names the program where the modules have none.

const forMs = 3_000
const rounds = 3
const processes = 2
const connections = 16
const workerd = process.env['WORKERD'] ?? join(import.meta.dirname, '../node_modules/.bin/workerd')

const functions: Readonly<Record<string, string>> = {
  small: 'const work = (event) => ({ got: event.value })',
  'hashes 64 KiB, answers 16 KiB': `import { createHash } from 'node:crypto'
const bytes = Buffer.alloc(65_536, 7)
const work = (event) => ({ got: createHash('sha256').update(bytes).digest('hex'), rows: Array.from({ length: 500 },
  (_, at) => ({ id: at, name: 'row ' + at, value: event.value })) })`,
}

interface Contender {
  readonly name: string
  /** One call; resolves when it is answered. */
  readonly call: (lane: number) => Promise<unknown>
  readonly lanes: number
  readonly close: () => Promise<void> | void
}

console.log(`Node ${process.version}, ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`)
for (const [name, work] of Object.entries(functions)) {
  const contenders = [await boxes(work), await driven(work), await served(work), ...(await alone(work))]
  const rates = new Map<string, number[]>()
  for (const { call, lanes } of contenders) await measure(call, lanes, 500)
  for (let round = 0; round < rounds; round++) {
    for (const { name: who, call, lanes } of contenders)
      rates.set(who, [...(rates.get(who) ?? []), await measure(call, lanes, forMs)])
  }
  for (const { close } of contenders) await close()
  console.log(`\n${name.padEnd(54)} calls/s   boxes are`)
  const best = (who: string): number => Math.max(...(rates.get(who) ?? []))
  for (const { name: who } of contenders)
    console.log(who.padEnd(52), best(who).toFixed(0).padStart(9), (best('boxes') / best(who)).toFixed(2).padStart(11))
}
if (!existsSync(workerd)) console.log('workerd alone: not here (WORKERD names the program)')

async function measure(call: Contender['call'], lanes: number, duringMs: number): Promise<number> {
  const until = performance.now() + duringMs
  const began = performance.now()
  let calls = 0
  const lane = async (number: number): Promise<void> => {
    for (; performance.now() < until; calls += 1) await call(number)
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return (calls / (performance.now() - began)) * 1_000
}

async function boxes(work: string): Promise<Contender> {
  const folder = openFolder()
  const under = await makeEngine()
  const codeDir = codeFolder(folder, `${work}\nexport const handler = async (event) => work(event)`)
  await under.deploy({ codeDir, maxBoxes: processes, warmBoxes: processes, reuse: 'shared' })
  return {
    name: 'boxes',
    lanes: processes,
    call: () => under.call({ value: 1 }),
    close: async () => {
      await under.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function driven(work: string): Promise<Contender> {
  const folder = openFolder()
  const code = codeFolder(folder, `${work}\nexport const handler = async (event) => work(event)`)
  const places = await openPlaces(code)
  const started = await Promise.all(Array.from({ length: processes }, () => places.bare.start()))
  return {
    name: 'plain processes, same client and Runtime API',
    lanes: processes,
    call: (lane) => started[lane]?.call() ?? Promise.reject(new Error('no such lane')),
    close: async () => {
      for (const one of started) await one.stop()
      places.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function served(work: string): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const ports = await Promise.all(Array.from({ length: processes }, freePort))
  const script = `import { createServer } from 'node:http'
${work}
createServer((message, response) => {
  const parts = []
  const answer = () => response.end(JSON.stringify(work(JSON.parse(Buffer.concat(parts)))))
  message.on('data', (part) => parts.push(part)).on('end', answer)
}).listen(Number(process.argv[2]), '127.0.0.1')`
  writeFileSync(join(folder, 'server.mjs'), script)
  const children = ports.map((port) => spawn(process.execPath, [join(folder, 'server.mjs'), `${port}`]))
  return overHttp('plain processes that serve HTTP', ports, children, folder)
}

async function alone(work: string): Promise<readonly Contender[]> {
  if (!existsSync(workerd)) return []
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const port = await freePort()
  writeFileSync(
    join(folder, 'worker.mjs'),
    `${work}\nexport default { fetch: async (request) => new Response(JSON.stringify(work(await request.json()))) }`,
  )
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")] );
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2025-10-01", compatibilityFlags = ["nodejs_compat"] );`,
  )
  const child = spawn(workerd, ['serve', join(folder, 'config.capnp')])
  return [await overHttp('workerd alone, one process', [port], [child], folder)]
}

async function overHttp(
  name: string,
  ports: readonly number[],
  children: readonly ChildProcess[],
  folder: string,
): Promise<Contender> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const call = (lane: number): Promise<void> => ask(agent, ports[lane % ports.length] ?? 0)
  for (const port of ports) await untilServed(() => ask(agent, port))
  return {
    name,
    lanes: connections,
    call,
    close: () => {
      agent.destroy()
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ask(agent: Agent, port: number): Promise<void> {
  const body = '{"value":1}'
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`))
      response.resume().on('end', resolve)
    })
    asked.on('error', reject).end(body)
  })
}

async function untilServed(once: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once()
    } catch (error) {
      if (tries === 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
