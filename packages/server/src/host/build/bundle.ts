import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

import { hiddenState, runBuildBox } from './build-box.ts'
import { fault, type BuildFault } from './build-fault.ts'
import { type BundleAnswer, parseAnswer } from './bundle-answer.ts'
import { installBundler } from './bundler.ts'
import type { RuntimeFolder } from '../box/runtime-folder.ts'

/** One module of Node, and where it may import from. */
export interface BundleOptions {
  readonly runtime: RuntimeFolder
  /** Real path of the app folder. */
  readonly app: string
  /** Real path of the entry module. */
  readonly entry: string
  /** The same, relative to the app folder, for faults. */
  readonly file: string
  /** The export to be called; `handler`, or a default object with `fetch`, when absent. */
  readonly handler?: string
  readonly moduleFolders: readonly string[]
  readonly outDir: string
  readonly onWarning?: (fault: BuildFault) => void
}

/** A bundle on disk. */
export interface Bundle {
  readonly codeDir: string
  readonly codeDigest: string
  readonly shape: 'handler' | 'fetch'
  readonly handler: string
}

const maxOutputBytes = 128 * 1024 * 1024
/** Where the common parent of app and module folders appears in the box: no host path reaches the output. */
const sourceRoot = '/src'

/**
 * Bundles one module in a box without network. The same sources give the same digest on every machine.
 * Adversary: a dependency that names a host file in an import, through a symbolic link or in a source map comment.
 */
export async function bundleModule(
  options: BundleOptions,
): Promise<Bundle | { readonly faults: readonly BuildFault[] }> {
  const { runtime, app, entry } = options
  const moduleFolders = await realFolders(options.moduleFolders)
  const root = commonParent([app, ...moduleFolders.map(dirname)])
  const inSource = (path: string): string => join(sourceRoot, relative(root, path))
  const mounts = [
    ['--ro-bind', await installBundler(runtime.folder), '/opt/sallyport/esbuild'],
    ['--ro-bind', runtime.inside('build-answer.mjs'), '/opt/sallyport/build-answer.mjs'],
    ['--setenv', 'ESBUILD_BINARY_PATH', '/opt/sallyport/esbuild/bin/esbuild'],
    // An app's own node_modules is part of the app; a module folder that contains the app comes before it.
    ...[...moduleFolders.filter((folder) => !folder.startsWith(app + sep)), app].map((path) => [
      '--ro-bind',
      path,
      inSource(path),
    ]),
    hiddenState(app, inSource(app)),
  ]
  const job = { app: inSource(app), entry: inSource(entry), moduleFolders: moduleFolders.map(inSource) }
  const answer = parseAnswer(await bundle(runtime, app, mounts.flat(), job))
  if ('faults' in answer) return answer
  for (const warning of answer.warnings) options.onWarning?.(warning)
  const found = handlerOf(answer, options.handler)
  if (found === undefined) return { faults: [fault('build.no_handler', wanted(options.handler), options.file)] }
  return { ...(await store(options.outDir, answer.files)), ...found }
}

/** A CommonJS module's exports are known only when it runs; the runtime client looks for its handler there. */
function handlerOf(
  { exports, commonjs }: BundleAnswer,
  named = 'handler',
): Pick<Bundle, 'shape' | 'handler'> | undefined {
  if (commonjs || exports.includes(named)) return { shape: 'handler', handler: `index.${named}` }
  if (named !== 'handler' || !exports.includes('default')) return undefined
  return { shape: 'fetch', handler: 'index.default' }
}

function wanted(named: string | undefined): string {
  if (named !== undefined) return `export a function named \`${named}\``
  return 'export a `handler` function, or a default object with `fetch`'
}

function bundle(runtime: RuntimeFolder, app: string, mounts: readonly string[], job: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = async (output: Readable): Promise<void> => {
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of output as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > maxOutputBytes)
          throw new SallyportError('host.build_box', `a bundle exceeds ${maxOutputBytes} bytes`)
        chunks.push(chunk)
      }
      resolve(Buffer.concat(chunks).toString('utf8'))
    }
    runBuildBox({ runtime, script: 'build.mjs', app, mounts, job, read }).catch(reject)
  })
}

/** Writes the files under their digest, all at once; what stands there already is the same. */
async function store(
  builds: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ codeDir: string; codeDigest: string }> {
  const codeDigest = digestOf(files)
  const codeDir = join(builds, codeDigest)
  if (await holds(codeDir, codeDigest, files)) return { codeDir, codeDigest }
  const temporary = join(builds, `.${codeDigest}.${process.pid}.${process.hrtime.bigint()}`)
  await mkdir(temporary, { recursive: true, mode: 0o755 })
  for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes, { mode: 0o644 })
  for (const path of [temporary, ...[...files.keys()].map((name) => join(temporary, name))]) {
    await chmod(path, path === temporary ? 0o755 : 0o644)
  }
  await rm(codeDir, { recursive: true, force: true })
  // Lost to another build of the same bytes: theirs is as good.
  await rename(temporary, codeDir).catch(() => rm(temporary, { recursive: true, force: true }))
  return { codeDir, codeDigest }
}

async function holds(codeDir: string, codeDigest: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const present = new Map<string, Uint8Array>()
  for (const name of files.keys()) {
    const bytes = await readFile(join(codeDir, name)).catch(() => undefined)
    if (bytes === undefined) return false
    present.set(name, bytes)
  }
  return digestOf(present) === codeDigest
}

function digestOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const [name, bytes] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${bytes.byteLength}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/** A module folder that is itself a symbolic link could show any folder of the host: it is left out. */
async function realFolders(folders: readonly string[]): Promise<readonly string[]> {
  const real: string[] = []
  for (const folder of folders) {
    const at = await realpath(dirname(folder)).catch(() => undefined)
    const path = at === undefined ? undefined : join(at, 'node_modules')
    if (path !== undefined && (await realpath(path).catch(() => undefined)) === path) real.push(path)
  }
  return real
}

function commonParent(paths: readonly string[]): string {
  const [first = '/', ...rest] = paths
  let parent = first
  while (!rest.every((path) => isBelow(parent, path))) parent = dirname(parent)
  return parent
}

function isBelow(parent: string, path: string): boolean {
  const way = relative(parent, path)
  return !way.startsWith('..') && !isAbsolute(way)
}
