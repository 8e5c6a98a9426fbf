import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Canaries } from '@sallyport/cli'
import { build, type BuildFailure } from 'esbuild'

import type { Route } from '../poisoned-dependency/probes.js'
import type { Evidence } from './evidence.ts'

/** One way out of the poisoned dependency: what must have stopped it, and how the same probe fared outside. */
export interface PoisonVerdict {
  readonly poison: string
  readonly stoppedBy: string
  /** What it met inside, in its own words; with the ledger's where a door decided. */
  readonly result: string
  readonly at?: string
  readonly control: string
  readonly difference?: string
}

interface Expectation {
  readonly poison: string
  readonly stoppedBy: string
  /** What the probe must have met. */
  readonly meets: RegExp
}

const nowhere = /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|no answer)/
const unreadable = /^(ENOENT|EACCES|EPERM|empty)/
const unbundled = /require|find module|MODULE_NOT_FOUND|resolve|outside/i

/** What stops each route. */
export const poisonExpectations: readonly Expectation[] = [
  {
    poison: 'https',
    stoppedBy: 'door: the name resolves to nothing',
    meets: /^(ENOTFOUND|EAI_AGAIN|HTTP 403 door\.unlisted)/,
  },
  { poison: 'tcp', stoppedBy: 'box: an empty network', meets: nowhere },
  {
    poison: 'tcp-443',
    stoppedBy: 'door: no TLS name, no entry',
    meets: /^(closed without an answer|ECONNRESET|no answer)/,
  },
  { poison: 'dns', stoppedBy: 'door: nothing is forwarded', meets: /^(ENOTFOUND|ENODATA|EREFUSED|ESERVFAIL|ETIMEOUT)/ },
  { poison: 'metadata', stoppedBy: 'door: unlisted', meets: /^(HTTP 403 door\.unlisted|ECONNREFUSED)/ },
  { poison: 'loopback', stoppedBy: 'box: its loopback is its own', meets: nowhere },
  { poison: 'loopback-6', stoppedBy: 'box: its loopback is its own', meets: nowhere },
  { poison: 'file-shadow', stoppedBy: 'box: not in its file system', meets: unreadable },
  { poison: 'file-root', stoppedBy: 'box: not in its file system', meets: unreadable },
  { poison: 'file-init', stoppedBy: 'box: started with nothing', meets: unreadable },
  { poison: 'file-home', stoppedBy: 'box: not in its file system', meets: unreadable },
  {
    poison: 'identity',
    stoppedBy: 'policy: storefront may not call payments',
    meets: /^HTTP 403 (function\.not_granted|zone\.closed)/,
  },
  {
    poison: 'identity-forged',
    stoppedBy: 'policy: the listener is the identity',
    meets: /^HTTP 403 (function\.not_granted|zone\.closed)/,
  },
  {
    poison: 'leftover-child',
    stoppedBy: 'box: one connection gets events',
    meets: /^(HTTP 403|ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET|EPERM|the child ended)/,
  },
  { poison: 'build-import', stoppedBy: 'box: the build sees the app alone', meets: unbundled },
  { poison: 'build-link', stoppedBy: 'box: the build sees the app alone', meets: unbundled },
]

interface Printed {
  readonly poison: string
  readonly when: string
  readonly got: boolean
  readonly result: string
}

/** What the poisoned dependency printed while a request ran. */
export function printedBy(evidence: Evidence): readonly Printed[] {
  return evidence.output.filter(({ text }) => text.startsWith('{"poison"')).flatMap(({ text }) => printedIn(text))
}

/** Holds every route against what was printed, what the ledger says and what the control did. */
export function judgePoison(
  evidence: Evidence,
  controls: ReadonlyMap<string, Printed>,
  canaryHits: readonly string[],
): readonly PoisonVerdict[] {
  const printed = printedBy(evidence)
  return poisonExpectations.map(({ poison, stoppedBy, meets }): PoisonVerdict => {
    const attempts = printed.filter((line) => line.poison === poison && line.when === 'call')
    const [first] = attempts
    const control = controls.get(poison)
    const base = {
      poison,
      stoppedBy,
      result: first?.result ?? 'nothing was printed',
      control: control?.result ?? 'did not run',
    }
    const id = /[0-9a-f]{32}/.exec(first?.result ?? '')?.[0]
    const decision = evidence.records.find((record) => record.kind === 'decision' && record.id === id)
    const reason = decision?.kind === 'decision' ? decision.reasons[0] : undefined
    const at = reason?.at === undefined ? {} : { at: reason.at }
    const open = printed.find((line) => line.poison === poison && line.got)
    const unexpected = attempts.find(({ result }) => !meets.test(result))
    if (open !== undefined) return { ...base, ...at, difference: `it got through (${open.when}): ${open.result}` }
    if (first === undefined) return { ...base, difference: 'it was never tried' }
    if (unexpected !== undefined) return { ...base, ...at, difference: `it met something else: ${unexpected.result}` }
    if (id !== undefined && decision === undefined) return { ...base, difference: `the ledger has no decision ${id}` }
    if (control?.got !== true)
      return { ...base, ...at, difference: `its control failed: ${control?.result ?? 'it did not run'}` }
    if (canaryHits.length > 0)
      return { ...base, ...at, difference: `a canary was hit from inside: ${canaryHits.join(', ')}` }
    return { ...base, ...at }
  })
}

/** Runs the same probes outside any box, aimed at canaries that the story owns. */
export async function runControls(canaries: Canaries): Promise<ReadonlyMap<string, Printed>> {
  const folder = await mkdtemp(join(tmpdir(), 'checkout-control-'))
  try {
    const { tcpPort: port, httpUrl, httpsUrl } = canaries
    const readable = join(folder, 'canary.txt')
    const tcp = { kind: 'tcp', host: '127.0.0.1', port } as const
    const identity = { kind: 'http', url: `${httpUrl}/charge`, body: '{}' } as const
    const routes: readonly Route[] = [
      { poison: 'https', kind: 'http', url: `${httpsUrl}/collect` },
      { poison: 'tcp', ...tcp },
      { poison: 'tcp-443', ...tcp },
      { poison: 'dns', kind: 'dns', suffix: 'evil.example', server: canaries.dnsServer },
      { poison: 'metadata', kind: 'http', url: `${httpUrl}/latest/meta-data/` },
      { poison: 'loopback', ...tcp },
      { poison: 'loopback-6', ...tcp, host: canaries.hasIpv6 ? '::1' : '127.0.0.1' },
      { poison: 'file-shadow', kind: 'file', path: readable },
      { poison: 'file-root', kind: 'file', path: folder },
      { poison: 'file-init', kind: 'environ', path: '/proc/self/environ' },
      { poison: 'file-home', kind: 'file', path: readable },
      { poison: 'identity', ...identity },
      {
        poison: 'identity-forged',
        ...identity,
        headers: { 'x-sallyport-function': 'orders', 'x-sallyport-user': 'ada' },
      },
      { poison: 'leftover-child', kind: 'child', runtimeApi: new URL(httpUrl).host },
    ]
    await writeFile(readable, 'harmless')
    await writeFile(join(folder, 'ca.pem'), canaries.ca)
    await writeFile(join(folder, 'routes.json'), JSON.stringify(routes))
    const script = join(import.meta.dirname, '../poisoned-dependency/control.js')
    const { stdout } = await promisify(execFile)(process.execPath, [script, join(folder, 'routes.json')], {
      env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), LOOT: 'harmless' },
    })
    const printed = [...stdout.split('\n').flatMap(printedIn), ...(await bundleOutside())]
    return new Map(printed.map((line) => [line.poison, line]))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Bundles the dependency as any build machine would: whether its paths lead to a file there shows in what was read. */
async function bundleOutside(): Promise<readonly Printed[]> {
  const entry = join(import.meta.dirname, '../poisoned-dependency/build-time.js')
  const files = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  }).then(
    ({ metafile }) => Object.keys(metafile.inputs),
    // A file that is no JavaScript was read all the same: the error quotes it.
    ({ errors }: BuildFailure) => errors.map(({ location }) => location?.file ?? ''),
  )
  const stolen = files.find((file) => file.endsWith('etc/hostname'))
  return ['build-import', 'build-link'].map((poison) => ({
    poison,
    when: 'control',
    got: stolen !== undefined,
    result: stolen === undefined ? 'nothing outside the app was read' : `read ${stolen.replace(/^(\.\.\/)+/, '/')}`,
  }))
}

/** Parse boundary: code that we do not trust printed it. */
function printedIn(line: string): readonly Printed[] {
  if (!line.startsWith('{"poison"')) return []
  const { poison, when, got, result } = JSON.parse(line) as Partial<Printed>
  return [{ poison: String(poison), when: String(when), got: got === true, result: String(result) }]
}
