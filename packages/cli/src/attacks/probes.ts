import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { SallyportError } from '@sallyport/core/access'

import type { Attack } from './attack.ts'
import { attemptInside, controlInside } from './verdicts.ts'
import type { AddedProbes } from './world/world.ts'

/** Probes that somebody wrote without a look at our source: see docs/attacks.md for what such a file is. */
export interface Probes extends AddedProbes {
  readonly attacks: readonly Attack[]
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

function faulty(what: string, why: string): never {
  throw new SallyportError('attack.probe', `${what} ${why}; docs/attacks.md says what a probe is`)
}
