import { execFileSync } from 'node:child_process'

import { loadCatalogue } from '@sallyport/aws'
import type { AccessRequest } from '@sallyport/core/access'
import {
  compile,
  decide,
  makeAnswerer,
  type PolicyDocument,
  type PolicyLayers,
  type PolicySet,
} from '@sallyport/core/policy'

import { app } from './policy-app.ts'
import { installPeers, opaVersion, peers } from './policy-peers.ts'
import { allowed, type Asked, bucket, type Case, denied, document, principal } from './policy-workload.ts'

// Microseconds per decision, and what compiling costs, against other engines on the same logical policies: N statements
// that allow, each with two actions, a resource pattern, an equal tag and a network; only the last one matches.
// Each engine and size runs in a process of its own: node bench/policy.ts ENGINE N prints its row.

const sizes = [1, 100, 1000, 10_000]
const attached = (n: number, resource = bucket) => [{ name: 'p', document: document(n, resource) }]

function requestFor({ action, resource, tag, ip }: Asked): AccessRequest {
  return {
    id: '0',
    transaction: '0',
    subject: { kind: 'operator', id: principal, name: 'app', roles: [] },
    action,
    resource,
    resourceAccount: '123456789012',
    context: { 'aws:PrincipalTag/team': tag, 'aws:SourceIp': ip },
    actors: [],
  }
}

interface Asking {
  readonly explained?: boolean
  /** Every resource is "*". */
  readonly star?: boolean
  /** Each question is another one, read from JSON as a server would, of one of the statements in turn. */
  readonly changing?: boolean
  /** Each is read from JSON just before, so that its texts are new to the engine; `alone`: and then not asked. */
  readonly reading?: 'and deciding' | 'alone'
}

function ours(
  layers: PolicyLayers,
  n: number,
  { explained = false, star = false, changing = false, reading }: Asking = {},
): Case {
  const set: PolicySet = compile(layers)
  if (reading !== undefined) {
    const asked = (of: (index: number) => Asked): (() => boolean) => {
      const texts = Array.from({ length: 4096 }, (_, at) => JSON.stringify(requestFor(of(1 + ((at * 7919) % n)))))
      for (const text of texts) decide(set, [JSON.parse(text)])
      let at = 0
      return () => {
        at = (at + 1) % texts.length
        const request: AccessRequest = JSON.parse(texts[at] ?? failed('no request'))
        if (reading === 'alone') return request.resource.startsWith('arn:aws:s3:::bucket-')
        return decide(set, [request]).effect === 'allow'
      }
    }
    return { allow: asked(allowed), deny: asked(denied) }
  }
  if (changing) {
    const asked = (of: (index: number) => Asked): (() => boolean) => {
      // 7,919 is prime, so that neighbours in time are none in the policies.
      const requests = Array.from({ length: 4096 }, (_, at): AccessRequest =>
        JSON.parse(JSON.stringify(requestFor(of(1 + ((at * 7919) % n))))),
      )
      // A statement's tests are compiled when it is first asked.
      for (const request of requests) decide(set, [request])
      let at = 0
      return () => {
        at = (at + 1) % requests.length
        return decide(set, [requests[at] ?? failed('no request')]).effect === 'allow'
      }
    }
    return { allow: asked(allowed), deny: asked(denied) }
  }
  const yes = requestFor(allowed(n))
  const no = requestFor(star ? { ...denied(n), tag: 'nobody' } : denied(n))
  const ask = (request: AccessRequest) => () => {
    const decision = decide(set, [request])
    return explained ? decision.effect === 'allow' && decision.reasons.length > 0 : decision.effect === 'allow'
  }
  const denial = () => {
    const decision = decide(set, [no])
    return decision.effect === 'allow' || (explained && decision.reasons.length === 0)
  }
  return { allow: ask(yes), deny: denial }
}

/** Every layer with N statements of its own, each of which has to be passed. */
function everyLayer(n: number): PolicyLayers {
  const own = (layer: string) => [{ name: layer, document: document(n, bucket, layer) }]
  return {
    identity: own('identity'),
    boundary: own('boundary'),
    session: own('session'),
    serviceControl: [
      { id: 'root', policies: own('root') },
      { id: 'account', policies: own('account') },
    ],
    resourceControl: [{ id: 'root', policies: [] }],
    resource: { name: 'r', document: withPrincipal(document(n, bucket, 'resource')) },
  }
}

function withPrincipal(made: PolicyDocument): PolicyDocument {
  const named = made.Statement.map((statement) => ({ ...statement, Principal: { AWS: '123456789012' } }))
  return { ...made, Statement: named }
}

const engines: Readonly<Record<string, (n: number) => Case | Promise<Case>>> = {
  'ours, identity': (n) => ours({ identity: attached(n) }, n),
  'ours, every layer': (n) => ours(everyLayer(n), n),
  'ours, every layer, another request each time': (n) => ours(everyLayer(n), n, { changing: true }),
  'ours, every layer, each request read from JSON': (n) => ours(everyLayer(n), n, { reading: 'and deciding' }),
  'the reading alone': (n) => ours(everyLayer(n), n, { reading: 'alone' }),
  'ours, an app of so many functions, another request each time': app,
  'ours, explained': (n) => ours({ identity: attached(n) }, n, { explained: true }),
  'ours, Resource "*"': (n) => ours({ identity: attached(n, () => '*') }, n, { star: true }),
  ...peers,
}

/** Median over batches of the mean of one batch, in µs; a batch takes about two milliseconds. */
function measure(ask: () => boolean): number {
  for (const until = performance.now() + 150; performance.now() < until;) ask()
  const start = performance.now()
  ask()
  const batch = Math.max(1, Math.round(2 / Math.max(performance.now() - start, 1e-4)))
  const means: number[] = []
  for (const until = performance.now() + 400; performance.now() < until || means.length < 5;) {
    const from = performance.now()
    for (let count = 0; count < batch; count += 1) ask()
    means.push(((performance.now() - from) * 1000) / batch)
  }
  return means.toSorted((a, b) => a - b)[Math.floor(means.length / 2)] ?? NaN
}

async function row(engine: string, n: number): Promise<readonly [number, number]> {
  const { allow, deny } = (await engines[engine]?.(n)) ?? failed(engine)
  if (!allow() || deny()) throw new Error(`${engine} at ${n} decides something else`)
  return [measure(allow), measure(deny)]
}

function failed(engine: string): never {
  throw new Error(`there is no engine ${engine}`)
}

/** Microseconds of processor time, of all threads: the machine may be doing other things. */
function usedSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Statements per second, and bytes per statement once compiled. */
function compiling(n: number): string {
  const layers = { identity: attached(n) }
  const first = process.cpuUsage()
  compile(layers)
  const cold = (n * 1_000_000) / usedSince(first)
  for (const until = performance.now() + 2000; performance.now() < until;) compile(layers)
  const rates: number[] = []
  for (let count = 0; count < 7; count += 1) {
    const before = process.cpuUsage()
    compile(layers)
    rates.push((n * 1_000_000) / usedSince(before))
  }
  global.gc?.()
  const before = process.memoryUsage().heapUsed
  const kept = Array.from({ length: 5 }, () => compile(layers))
  for (const set of kept) decide(set, [requestFor(allowed(n))])
  global.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / kept.length / n
  const rate = rates.toSorted((a, b) => a - b)[3] ?? NaN
  const shownRate = (of: number): string => `${Math.round(of).toLocaleString('en')} statements/s`
  const beginning = `the first time, without compiled code: ${shownRate(cold)}`
  return `${shownRate(rate)} (${beginning}), ${Math.round(bytes)} bytes each`
}

async function queries(distinct: boolean): Promise<string> {
  const line = (index: number): string =>
    JSON.stringify({
      identityPolicies: [document(5, (at) => `${bucket(at)}${distinct ? index : index % 50}`)],
      request: {
        principal,
        action: 'svc1:GetThing',
        resource: { arn: `arn:aws:s3:::bucket-1/${index}`, accountId: '123456789012' },
        context: { 'aws:PrincipalTag/team': 'team-1', 'aws:SourceIp': '10.1.2.3' },
      },
    })
  const lines = Array.from({ length: 20_000 }, (_, index) => line(index))
  const answer = makeAnswerer(await loadCatalogue())
  for (const text of lines.slice(0, 2000)) answer(text)
  const before = process.cpuUsage()
  let written = 0
  for (const text of lines) written += JSON.stringify(answer(text)).length
  const rate = (lines.length * 1_000_000) / usedSince(before)
  return `${Math.round(rate).toLocaleString('en')} lines/s of ${lines[0]?.length} bytes (${written} written)`
}

const [engine, size] = process.argv.slice(2)
if (engine === 'compile') console.log(compiling(Number(size)))
else if (engine === 'queries') console.log(await queries(size === 'distinct'))
else if (engine !== undefined) console.log(JSON.stringify(await row(engine, Number(size))))
else {
  installPeers()
  const child = (...words: readonly string[]): string =>
    execFileSync(process.execPath, ['--expose-gc', '-C', 'source', import.meta.filename, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim()
  console.log(`| µs per decision, allow / deny | ${sizes.join(' | ')} |\n|---|${sizes.map(() => '---').join('|')}|`)
  const opa = opaVersion()
  for (const name of Object.keys(engines)) {
    if (opa === undefined && name.startsWith('opa')) continue
    const cells = sizes.map((n) => {
      const [allow, deny] = JSON.parse(child(name, String(n))) as [number, number]
      return `${shown(allow)} / ${shown(deny)}`
    })
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  const compiler =
    opa === undefined ? 'not compared: there is no opa on the path to compile a module' : `compiled by ${opa}`
  console.log(`\nopa-wasm: ${compiler}`)
  console.log(`compile: at 1,000: ${child('compile', '1000')}; at 10,000: ${child('compile', '10000')}`)
  console.log(
    `queries: policies that repeat: ${child('queries', 'repeated')}; all distinct: ${child('queries', 'distinct')}`,
  )
}

function shown(micros: number): string {
  return micros < 10 ? micros.toFixed(2) : Math.round(micros).toLocaleString('en')
}
