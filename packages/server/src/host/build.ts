import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { sandboxOptions, systemFolders } from './box-options.ts'
import { installBundler } from './bundler.ts'
import { prepareRuntimeFolder } from './runtime-folder.ts'
import { areComplete, findTools, type Tools } from './tools.ts'

/** What to build, and from where. All paths are absolute. */
export interface BuildOptions {
  /** The entry module, inside `appFolder`. */
  readonly entry: string
  readonly appFolder: string
  /** The only other folders a build sees: see `moduleFoldersOf`. */
  readonly moduleFolders: readonly string[]
  readonly runtimeDir: string
  readonly execPath: string
  /** Where content-addressed output goes; `builds` in the runtime folder when absent. */
  readonly outDir?: string
  /** Hears of what a build left out: an optional dependency outside the app. */
  readonly onWarning?: (fault: BuildFault) => void
}

/** One thing wrong with a function's code. */
export interface BuildFault {
  /** `build.outside_app`, `build.unresolved`, `build.failed`, `build.no_handler` */
  readonly code: string
  readonly message: string
  /** Relative to the app folder. */
  readonly file: string
  /** 1-based. */
  readonly line: number
  readonly column: number
}

/** A function, built: what a `FunctionImage` needs to know of it. */
export interface BuiltFunction {
  readonly codeDir: string
  /** SHA-256 over names and bytes of all files in it, hex. */
  readonly codeDigest: string
  readonly shape: 'handler' | 'fetch'
  readonly handler: string
}

const deadlineMs = 30_000
const maxOutputBytes = 128 * 1024 * 1024
/** Where the common parent of app and module folders appears in the box: no host path reaches the output. */
const sourceRoot = '/src'

/**
 * Bundles one function in a box without network, and puts the output where only the server can write. Never runs
 * the app's code, its build or its lifecycle scripts. The same sources give the same digest on every machine.
 * Adversary: a dependency that names a host file in an import, through a symbolic link or in a source map comment.
 */
export async function buildFunction(
  options: BuildOptions,
): Promise<BuiltFunction | { readonly faults: readonly BuildFault[] }> {
  const runtime = await prepareRuntimeFolder(options.runtimeDir, options.execPath)
  const { found: tools } = findTools()
  if (!areComplete(tools))
    throw new SallyportError('host.isolation_unavailable', 'a build needs bubblewrap', {
      fix: rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', 'bubblewrap'),
    })
  const app = await realpath(options.appFolder)
  const entry = await realpath(options.entry).catch(() => undefined)
  const file = relative(options.appFolder, options.entry)
  if (entry === undefined) return { faults: [fault('build.unresolved', 'there is no such file', file)] }
  if (!entry.startsWith(app + sep))
    return { faults: [fault('build.outside_app', 'the entry lies outside the app folder', file)] }
  const moduleFolders = await realFolders(options.moduleFolders)
  const root = commonParent([app, ...moduleFolders.map(dirname)])
  const inSource = (path: string): string => join(sourceRoot, relative(root, path))
  const bundler = await installBundler(runtime.folder)
  const mounts = [
    [
      '--ro-bind',
      runtime.node,
      '/opt/sallyport/node',
      '--ro-bind',
      runtime.inside('build.mjs'),
      '/opt/sallyport/build.mjs',
    ],
    ['--ro-bind', bundler, '/opt/sallyport/esbuild'],
    // An app's own node_modules is part of the app; a module folder that contains the app comes before it.
    ...[...moduleFolders.filter((folder) => !folder.startsWith(app + sep)), app].map((path) => [
      '--ro-bind',
      path,
      inSource(path),
    ]),
    // The server's keys lie in the app folder, under a name that no import may reach.
    existsSync(join(app, '.sallyport')) ? ['--tmpfs', join(inSource(app), '.sallyport')] : [],
  ]
  const job = { app: inSource(app), entry: inSource(entry), moduleFolders: moduleFolders.map(inSource) }
  const answer = parseAnswer(
    await bundle(tools, runtime.filter, await ownerOf(app), mounts.flat(), JSON.stringify(job)),
  )
  if ('faults' in answer) return answer
  for (const warning of answer.warnings) options.onWarning?.(warning)
  const shape = shapeOf(answer)
  if (shape === undefined)
    return {
      faults: [fault('build.no_handler', 'export a `handler` function, or a default object with `fetch`', file)],
    }
  const stored = await store(options.outDir ?? runtime.builds, answer.files)
  return { ...stored, shape, handler: shape === 'handler' ? 'index.handler' : 'index.default' }
}

/** Every `node_modules` from which code in this folder may import, nearest first, as Node would look for them. */
export function moduleFoldersOf(appFolder: string): readonly string[] {
  const folders: string[] = []
  for (let at = appFolder; ; at = dirname(at)) {
    const folder = join(at, 'node_modules')
    if (existsSync(folder)) folders.push(folder)
    if (at === dirname(at)) return folders
  }
}

interface Answer {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly exports: readonly string[]
  readonly commonjs: boolean
  readonly warnings: readonly BuildFault[]
}

/** A CommonJS module's exports are known only when it runs; the runtime client looks for `handler` there. */
function shapeOf({ exports, commonjs }: Answer): 'handler' | 'fetch' | undefined {
  if (commonjs || exports.includes('handler')) return 'handler'
  return exports.includes('default') ? 'fetch' : undefined
}

/** The build runs as the app's owner, who can read it wherever it lies, with no capability in its namespace. */
async function ownerOf(app: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const { uid, gid } = await stat(app)
  return { uid, gid }
}

function bundle(
  tools: Tools,
  filter: string,
  owner: { uid?: number; gid?: number },
  mounts: readonly string[],
  job: string,
): Promise<string> {
  const options = [
    [...sandboxOptions, '--unshare-net', '--seccomp', '4'],
    systemFolders(),
    ['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--size', '16777216', '--tmpfs', '/tmp'],
    mounts,
    ['--setenv', 'ESBUILD_BINARY_PATH', '/opt/sallyport/esbuild/bin/esbuild', '--setenv', 'HOME', '/tmp'],
    ['--remount-ro', '/', '--chdir', '/'],
  ]
  const limits = ['--nofile=1024', '--core=0', '--']
  const command = [tools.bwrap, '--args', '3', '--', '/opt/sallyport/node', '/opt/sallyport/build.mjs']
  const program = openSync(filter, 'r')
  const box = spawn(tools.prlimit, [...limits, ...command], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', program],
    env: {},
    cwd: '/',
    ...owner,
  })
  closeSync(program)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    let said = ''
    const timer = setTimeout(() => box.kill('SIGKILL'), deadlineMs)
    box.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxOutputBytes) box.kill('SIGKILL')
      else chunks.push(chunk)
    })
    box.stderr?.on('data', (chunk: Buffer) => void (said.length < 4_096 && (said += chunk.toString('utf8'))))
    box.once('error', reject)
    box.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'))
      reject(new SallyportError('host.build_box', `the build box ended with ${code ?? signal}: ${said.trim()}`))
    })
    // A box that died before it read says so by its exit.
    for (const stream of box.stdio) stream?.on('error', () => undefined)
    const third: unknown = box.stdio[3]
    if (isWritable(third)) third.end(options.flat().join('\0'))
    box.stdin?.end(job)
  })
}

function isWritable(stream: unknown): stream is { end(text: string): void } {
  return typeof stream === 'object' && stream !== null && 'end' in stream
}

/** Parses what the build box said. Adversary: sources that take over the bundler; hence names are checked too. */
function parseAnswer(text: string): Answer | { readonly faults: readonly BuildFault[] } {
  const answer = JSON.parse(text) as Readonly<Record<string, unknown>> // every member is checked below
  const faults = parseFaults(answer['faults'])
  if (faults.length > 0) return { faults }
  const files = new Map<string, Uint8Array>()
  for (const output of Array.isArray(answer['outputs'])
    ? (answer['outputs'] as readonly Record<string, unknown>[])
    : []) {
    const { name, base64 } = output
    if (typeof name !== 'string' || typeof base64 !== 'string' || !/^[\w.-]+$/.test(name) || name.startsWith('.')) {
      throw new SallyportError('host.build_box', 'the build box named a file that no build has')
    }
    files.set(name, Buffer.from(base64, 'base64'))
  }
  if (!files.has('index.mjs')) throw new SallyportError('host.build_box', 'the build box gave no module')
  const exports = Array.isArray(answer['exports']) ? answer['exports'].filter((name) => typeof name === 'string') : []
  return { files, exports, commonjs: answer['commonjs'] === true, warnings: parseFaults(answer['warnings']) }
}

function parseFaults(value: unknown): readonly BuildFault[] {
  if (!Array.isArray(value)) return []
  return (value as readonly Record<string, unknown>[]).map((entry) => ({
    code: String(entry['code']),
    message: String(entry['message']),
    file: String(entry['file']),
    line: Number(entry['line']),
    column: Number(entry['column']),
  }))
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

function fault(code: string, message: string, file: string): BuildFault {
  return { code, message, file, line: 1, column: 0 }
}
