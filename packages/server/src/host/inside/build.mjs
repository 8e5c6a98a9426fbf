// Bundles one function. Runs in a box without a network that sees the app folder and its module folders, read-only,
// and nothing else of the host: whatever an import path, a symbolic link or a source map comment asks for.
// Runs no code of the app: esbuild only parses it. Takes a job on standard input, answers on standard output.
import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'

const esbuild = await import('/opt/sallyport/esbuild/lib/main.js')
const job = JSON.parse(readFileSync(0, 'utf8'))
const roots = [job.app, ...job.moduleFolders]

// CommonJS dependencies find what Node would have given them. Globals, so that a module's own name still wins.
const banner = `import { createRequire as __sallyportRequire } from 'node:module'
globalThis.require ??= __sallyportRequire(import.meta.url ?? 'file:///var/task/index.mjs')
globalThis.__filename ??= import.meta.filename
globalThis.__dirname ??= import.meta.dirname`

const built = await esbuild.default
  .build({
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
  })
  .catch((error) => ({ errors: error.errors ?? [{ text: String(error.message ?? error), location: null }] }))

const answer = built.errors?.length > 0 ? { faults: built.errors.map(faultOf) } : outcomeOf(built)
process.stdout.write(JSON.stringify(answer), () => process.exit(0))

function outcomeOf({ metafile, outputFiles }) {
  const inputs = Object.keys(metafile.inputs)
  const outside = inputs.filter((path) => !isInside(realpathSync(join(job.app, path.replace(/^[a-z-]+:/, '')))))
  if (outside.length > 0)
    return { faults: outside.map((path) => outsideFault(path, { file: path, line: 1, column: 0 })) }
  const main = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
  return {
    outputs: outputFiles.map(({ path, contents }) => ({
      name: path.slice(job.app.length + 1),
      base64: Buffer.from(contents).toString('base64'),
    })),
    exports: main.exports,
    commonjs: metafile.inputs[main.entryPoint].format === 'cjs',
    warnings: Object.entries(metafile.inputs).flatMap(([importer, { imports }]) =>
      imports.flatMap(warningOf(importer)),
    ),
  }
}

/** A `require` in a `try` block that esbuild left as it stands: at run time it fails, in the box. */
function warningOf(importer) {
  return ({ path, external }) =>
    external && (path.startsWith('.') || isAbsolute(path)) && !isInside(resolve(job.app, dirname(importer), path))
      ? [outsideFault(path, { file: importer, line: 1, column: 0 })]
      : []
}

function faultOf({ text, location }) {
  const specifier = /^Could not resolve "(.*)"/.exec(text)?.[1]
  if (specifier === undefined) return { code: 'build.failed', message: text, ...place(location) }
  const importer = resolve(job.app, location?.file ?? job.entry)
  if (leavesApp(specifier, importer)) return outsideFault(specifier, place(location))
  return { code: 'build.unresolved', message: `nothing is found for ${JSON.stringify(specifier)}`, ...place(location) }
}

/** By its path, or by a symbolic link on the way whose target is not here. */
function leavesApp(specifier, importer) {
  if (specifier.startsWith('.') || isAbsolute(specifier)) {
    const target = resolve(dirname(importer), specifier)
    return !isInside(target) || ['', '.ts', '.js', '.mjs', '.json'].some((end) => isBrokenLink(target + end))
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return roots.some((root) => [join(root, name), join(root, 'node_modules', name)].some(isBrokenLink))
}

function isBrokenLink(path) {
  for (let at = path; isInside(at); at = dirname(at)) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) {
      try {
        return !isInside(realpathSync(at))
      } catch {
        return true
      }
    }
  }
  return false
}

function isInside(path) {
  return (
    roots.some((root) => path === root || path.startsWith(root + sep)) && !path.startsWith(`${job.app}/.sallyport/`)
  )
}

function outsideFault(specifier, at) {
  const message = `${JSON.stringify(specifier)} lies outside the app folder and its node_modules`
  return { code: 'build.outside_app', message, ...at }
}

function place(location) {
  return { file: location?.file ?? job.entry, line: location?.line ?? 1, column: location?.column ?? 0 }
}
