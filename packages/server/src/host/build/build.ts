import { existsSync } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { createHash } from 'node:crypto'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { bundleModule } from './bundle.ts'
import { fault, type BuildFault } from './build-fault.ts'
import { findWorkerd } from './find-workerd.ts'
import { packFolders, type Packed } from './pack.ts'
import { maxPackedBytes, type PackFault } from './packed-tree.ts'
import { prepareRuntimeFolder, type RuntimeFolder } from '../box/runtime-folder.ts'
import { awsNodeClient, awsPythonClient, pythonVersion } from '../runtime/runtimes.ts'
import type { Runtime } from '../image.ts'

/** What to build, and from where. All paths are absolute. */
export interface BuildOptions {
  /** The entry module inside `appFolder`, or a folder that is taken as it stands. */
  readonly entry: string
  readonly runtime: Runtime
  /** Which function: `handler` of a module, `app.handler` of a folder; found by its usual names when absent. */
  readonly handler?: string
  /** Folders inside `appFolder` that are laid over each other at /opt. */
  readonly layers?: readonly string[]
  readonly appFolder: string
  /** The only other folders a bundle may come from: see `moduleFoldersOf`. */
  readonly moduleFolders: readonly string[]
  readonly runtimeDir: string
  readonly execPath: string
  /** Where content-addressed output goes; `builds` in the runtime folder when absent. */
  readonly outDir?: string
  /** Hears of what a build left out: an optional dependency outside the app. */
  readonly onWarning?: (fault: BuildFault) => void
}

/** A function, built: what a `FunctionImage` needs to know of it. */
export interface BuiltFunction {
  readonly codeDir: string
  /** SHA-256 over names and bytes of all files in it, and of its layers, hex. */
  readonly codeDigest: string
  readonly layersDir?: string
  readonly runtime: Runtime
  /** Of `workerd`: where the program is. */
  readonly program?: string
  readonly awsClient?: boolean
  readonly shape: 'handler' | 'fetch'
  readonly handler: string
}

type Outcome<Result> = Result | { readonly faults: readonly BuildFault[] }

/**
 * Builds one function. A module of Node is bundled; everything else, and a folder, is taken as it stands, as AWS
 * Lambda takes a zip file. Either happens in a box without network, and the output lies where only the server can
 * write. Never runs the app's code, its build or its lifecycle scripts. The same sources give the same digest.
 */
export async function buildFunction(options: BuildOptions): Promise<Outcome<BuiltFunction>> {
  const runtime = await prepareRuntimeFolder(options.runtimeDir, options.execPath)
  if (options.runtime === 'python' && pythonVersion() === undefined)
    throw new SallyportError('host.runtime_missing', 'there is no /usr/bin/python3 for functions in Python', {
      fix: rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', 'python3'),
    })
  const app = await realpath(options.appFolder)
  const entry = await inside(app, options.entry, options.appFolder)
  if ('faults' in entry) return entry
  const isFolder = (await stat(entry.path)).isDirectory()
  const outDir = options.outDir ?? runtime.builds
  const workerd = options.runtime === 'workerd'
  const program = workerd ? { program: await findWorkerd(runtime, app, options.moduleFolders) } : {}
  const built =
    (options.runtime === 'node' || workerd) && !isFolder
      ? await bundleModule({ ...options, runtime, app, entry: entry.path, file: entry.file, outDir })
      : await takeFolder(options, { runtime, app, entry: entry.path, file: entry.file, isFolder, outDir })
  const { layers = [] } = options
  if ('faults' in built) return layers.length > 0 ? { faults: built.faults.map(asideFromLayers) } : built
  if (workerd && built.shape !== 'fetch') return { faults: [fault('build.no_handler', wanted.workerd, entry.file)] }
  if (layers.length === 0) return { ...built, ...program, runtime: options.runtime }
  const folders: string[] = []
  for (const layer of layers) {
    const found = await inside(app, layer, options.appFolder)
    if ('faults' in found) return found
    folders.push(found.path)
  }
  const packed = await packFolders({ runtime, app, folders, outDir })
  if ('faults' in packed) return { faults: packed.faults.map(faultOf) }
  // Changed layers are changed code: another identity.
  const codeDigest = createHash('sha256').update(`${built.codeDigest}\n${packed.digest}`).digest('hex')
  return { ...built, ...program, runtime: options.runtime, codeDigest, layersDir: packed.dir }
}

/** A module is bundled before there are layers, so that what stands in one only is not found. */
function asideFromLayers(found: BuildFault): BuildFault {
  if (found.code !== 'build.unresolved') return found
  const hint =
    'a module is built without its layers; to take a package from one, name the folder in `code`, and `handler`'
  return { ...found, message: `${found.message} (${hint})` }
}

interface Place {
  readonly runtime: RuntimeFolder
  readonly app: string
  readonly entry: string
  /** The entry, relative to the app folder. */
  readonly file: string
  readonly isFolder: boolean
  readonly outDir: string
}

type Taken = Omit<BuiltFunction, 'runtime' | 'layersDir' | 'program'>

/** The folder, or the one in which the entry file lies. */
async function takeFolder(options: BuildOptions, place: Place): Promise<Outcome<Taken>> {
  const { runtime, app, entry, file, isFolder, outDir } = place
  const packed = await packFolders({ runtime, app, folders: [isFolder ? entry : dirname(entry)], outDir })
  if ('faults' in packed) return { faults: packed.faults.map(faultOf) }
  const handler = await handlerOf(options, place, packed)
  if (handler === undefined) return { faults: [fault('build.no_handler', wanted[options.runtime], file)] }
  const awsClient = packed.files.has(options.runtime === 'python' ? awsPythonClient : awsNodeClient)
  return {
    codeDir: packed.dir,
    codeDigest: packed.digest,
    shape: 'handler',
    handler,
    ...(awsClient && options.runtime !== 'bootstrap' ? { awsClient } : {}),
  }
}

const wanted: Readonly<Record<Runtime, string>> = {
  node: 'write `handler: MODULE.EXPORT` for a module (.mjs, .js or .cjs) in this folder',
  python: 'define `handler` or `lambda_handler`, or write `handler: MODULE.FUNCTION`',
  bootstrap: 'put an executable file named `bootstrap` at the top of the folder',
  workerd: 'workerd serves modules: export a default object with `fetch`',
}

/** `module.function`, once the module is there; undefined when it is not. */
async function handlerOf(options: BuildOptions, place: Place, { dir, files }: Packed): Promise<string | undefined> {
  const { entry, isFolder } = place
  const { runtime, handler: named } = options
  if (runtime === 'bootstrap') {
    return files.get('bootstrap')?.executable === true ? (named ?? 'bootstrap') : undefined
  }
  if (isFolder) {
    const ends = runtime === 'python' ? ['.py', '/__init__.py'] : ['.mjs', '.js', '.cjs']
    const name = /^(.+?)\.[^/]+$/.exec(named ?? '')?.[1]
    return name !== undefined && ends.some((end) => files.has(`${name}${end}`)) ? named : undefined
  }
  const file = basename(entry)
  const text = await readFile(join(dir, file), 'utf8')
  const name =
    named ??
    ['handler', 'lambda_handler'].find((one) => new RegExp(`^(?:async )?(?:def ${one}\\b|${one}\\s*=)`, 'm').test(text))
  return name === undefined ? undefined : `${file.replace(/\.py$/, '')}.${name}`
}

async function inside(app: string, path: string, appFolder: string): Promise<Outcome<{ path: string; file: string }>> {
  const file = relative(appFolder, path)
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined) return { faults: [fault('build.unresolved', 'there is no such file', file)] }
  if (real === app || real.startsWith(app + sep)) return { path: real, file }
  return { faults: [fault('build.outside_app', 'it lies outside the app folder', file)] }
}

function faultOf({ code, path }: PackFault): BuildFault {
  const says = {
    'build.outside_app': 'this link leads out of the app folder',
    'build.failed': 'this link leads back to a folder above it',
    'build.too_large': `code and layers may have ${maxPackedBytes} bytes, unpacked`,
  }
  return fault(code, says[code], path)
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
