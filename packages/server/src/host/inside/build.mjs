// Bundles one function. Runs in a box without a network that sees the app folder and its module folders, read-only,
// and nothing else of the host: whatever an import path, a symbolic link or a source map comment asks for.
// Runs no code of the app: esbuild only parses it. Takes a job on standard input, answers on standard output.
import { readFileSync } from 'node:fs'

import { answerTo, missingPackages } from './build-answer.mjs'

const esbuild = await import('/opt/sallyport/esbuild/lib/main.js')
const job = JSON.parse(readFileSync(0, 'utf8'))

// CommonJS dependencies find what Node would have given them. Globals, so that a module's own name still wins.
const banner = `import { createRequire as __sallyportRequire } from 'node:module'
globalThis.require ??= __sallyportRequire(import.meta.url ?? 'file:///var/task/index.mjs')
globalThis.__filename ??= import.meta.filename
globalThis.__dirname ??= import.meta.dirname`

const options = {
  absWorkingDir: job.app,
  entryPoints: { index: job.entry },
  bundle: true,
  write: false,
  metafile: true,
  outdir: job.app,
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  // `import` or `require` is added by the statement: a package may have one file for each.
  conditions: ['node'],
  sourcemap: 'linked',
  // Node reads the map with the module: without the sources in it a start takes a tenth less.
  sourcesContent: false,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'silent',
  banner: { js: banner },
}

/**
 * Of the drivers that a package can work with, an app has its own alone. One that a package asks for while it runs is
 * missing where and when it is asked for, as in Node; what a module imports from the start has to be there.
 */
const leftForTheRun = (missing) => ({
  name: 'left-for-the-run',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) =>
      missing.has(path) && kind !== 'import-statement' && importer.includes('/node_modules/')
        ? { path, external: true }
        : undefined,
    ),
})

const build = (more) =>
  esbuild.default
    .build({ ...options, ...more })
    .catch((error) => ({ errors: error.errors ?? [{ text: String(error.message ?? error), location: null }] }))

let built = await build({})
const missing = missingPackages(job, built)
if (missing.size > 0) built = await build({ plugins: [leftForTheRun(missing)] })

process.stdout.write(JSON.stringify(answerTo(job, built)), () => process.exit(0))
