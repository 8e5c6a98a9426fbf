import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { SallyportError } from '@sallyport/core/access'

import type { Attack } from './attack.ts'
import type { Canaries } from './canaries.ts'
import type { Canary } from './hostile-app/src/probes.ts'
import { attemptInside, controlInside } from './verdicts.ts'

/** Probes that somebody wrote without a look at our source: see docs/attacks.md for what such a file is. */
export interface Probes {
  readonly attacks: readonly Attack[]
  /** Puts them into a copy of the hostile app, so that its functions can run them. */
  addTo(app: string): Promise<void>
}

const fileName = /^([a-z][a-z0-9-]{0,62})\.mjs$/

/** Reads a folder of probes. Throws `attack.probe` for one that is none. Each is loaded here, as the control is. */
export async function readProbes(folder: string): Promise<Probes> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).toSorted()
  const names = files.map((file) => fileName.exec(file)?.[1] ?? faulty(file, 'is not named in lower-case letters'))
  if (names.length === 0) faulty(folder, 'holds no .mjs file')
  const attacks: Attack[] = []
  for (const name of names)
    attacks.push(attackOf(name, await import(pathToFileURL(resolve(folder, `${name}.mjs`)).href)))
  return {
    attacks,
    addTo: async (app) => {
      await mkdir(join(app, 'src/probes'))
      for (const file of files) await cp(join(folder, file), join(app, 'src/probes', file))
      const imports = names.map((name, at) => `import { probe as probe${at} } from './probes/${name}.mjs'`)
      const members = names.map((name, at) => `  ${JSON.stringify(name)}: probe${at},`)
      const text = [...imports, 'export const probes = {', ...members, '}', ''].join('\n')
      await writeFile(join(app, 'src/probes.ts'), text)
    },
  }
}

function attackOf(name: string, module: unknown): Attack {
  const exports = typeof module === 'object' && module !== null ? { ...module } : {}
  const { probe, tries } = exports as { readonly probe?: unknown; readonly tries?: unknown } // both are checked here
  if (typeof probe !== 'function') faulty(`${name}.mjs`, 'exports no function named probe')
  return {
    name: `probes.${name}`,
    tries: typeof tries === 'string' ? tries : 'what its author thought of',
    stoppedBy: 'box',
    run: async (world) => {
      const before = world.canaries.hits.length
      const instruction = { do: 'probe', name, canary: world.canary } as const
      const attempt = attemptInside(await world.inside('storefront', instruction))
      // Whatever the code in the box says of itself.
      const [hit] = world.canaries.hits.slice(before)
      return hit === undefined ? attempt : { stopped: false, code: 'canary.hit', evidence: hit }
    },
    controls: 'the same probe outside a box',
    control: async (world) => controlInside(await world.outside({ do: 'probe', name, canary: world.canary })),
  }
}

/** What probes are told of the host; `file` is made there. */
export async function canaryFor(canaries: Canaries, folder: string): Promise<Canary> {
  const word = `canary-${randomBytes(8).toString('hex')}`
  const file = join(folder, 'canary.txt')
  await writeFile(file, `${word}\n`, { mode: 0o644 })
  const host = '127.0.0.1'
  return {
    tcp: { host, port: canaries.tcpPort },
    udp: { host, port: canaries.udpPort },
    http: canaries.httpUrl,
    https: canaries.httpsUrl,
    dns: canaries.dnsServer,
    file,
    word,
    pid: process.pid,
  }
}

function faulty(what: string, why: string): never {
  throw new SallyportError('attack.probe', `${what} ${why}; docs/attacks.md says what a probe is`)
}
