import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { App, Fault } from '../app.ts'
import { loadApp, type LoadedApp } from '../check/load-app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import type { Surroundings } from '../read/files.ts'

const example = new URL('../../../../examples/checkout/', import.meta.url)

/** The text of the worked example's manifest. */
export const exampleText: string = readFileSync(new URL('sallyport.yaml', example), 'utf8')

const schemas = ['schemas/checkout.json', 'schemas/refund.json']
const modules = ['storefront', 'orders', 'payments', 'notifications'].map((name) => `src/${name}.ts`)

/** By their path in the app; `undefined` takes one away. */
export type Files = Readonly<Record<string, string | Uint8Array | undefined>>

/** Files in memory under `/app`: the example's own, overlaid by `files`; `undefined` takes one away. */
export function surroundingsOf(files: Files = {}): Surroundings {
  const all = new Map<string, string | Uint8Array>([
    ['/app', ''],
    ...modules.map((name): [string, string] => [`/app/${name}`, 'export const handler = () => {}']),
    ...schemas.map((name): [string, string] => [`/app/${name}`, readFileSync(new URL(name, example), 'utf8')]),
    ['/app/sallyport.yaml', exampleText],
  ])
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) all.delete(`/app/${name}`)
    else all.set(`/app/${name}`, text)
  }
  return {
    readFile: (path) => {
      const text = all.get(path)
      return typeof text === 'object' ? new TextDecoder().decode(text) : text
    },
    readBytes: (path) => {
      const bytes = all.get(path)
      return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    },
    realpath: (path) => (all.has(path) ? path : undefined),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    environment: {},
  }
}

/** Loads and checks a manifest with the example's files around it. */
export function load(text: string = exampleText, files: Files = {}): LoadedApp {
  return loadApp('/app', surroundingsOf({ 'sallyport.yaml': text, ...files }))
}

/** The same, for a manifest that must load. */
export function mustLoad(
  text: string = exampleText,
  files: Files = {},
): { readonly app: App; readonly compiled: CompiledApp } {
  const loaded = load(text, files)
  if (!loaded.ok)
    throw new Error(
      loaded.faults
        .map((fault) => `${fault.file}:${fault.line}:${fault.column} ${fault.code} ${fault.message}`)
        .join('\n'),
    )
  return loaded
}

/** The faults of a manifest that must not load. */
export function faultsOf(text: string, files: Files = {}): readonly Fault[] {
  const loaded = load(text, files)
  return loaded.ok ? [] : loaded.faults
}

/** The example with one passage replaced. Throws where the passage is not there, so that no test passes on nothing. */
export function edited(from: string, to: string, text: string = exampleText): string {
  if (!text.includes(from)) throw new Error(`the example has no "${from}"`)
  return text.replace(from, () => to)
}
