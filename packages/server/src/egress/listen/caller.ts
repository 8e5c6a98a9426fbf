import { lstat, readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { dirname, join, normalize } from 'node:path'

/**
 * The header in which the runtime client inside the box says which code made a request. Advisory: it is made in the
 * function's own process, so the function can leave it out or forge it. It never takes part in a decision.
 */
export const callerHeader = 'x-sallyport-caller'

/** A place in a function's bundle. */
export interface BundlePosition {
  /** 1-based, as in a stack trace. */
  readonly line: number
  /** 1-based. */
  readonly column: number
}

/** What the log may have to be told of a request that is refused. */
export interface CallerPackages {
  /**
   * The npm package, other than the app's own sources, that stands outermost on the stack: the one the app called.
   * Undefined when nothing is known. Never rejects. Reads files, so it is asked for refusals only.
   */
  packageOf(code: BundleFiles, positions: readonly BundlePosition[]): Promise<string | undefined>
}

/** A built function, and the app folder that its source map's paths are relative to. */
export interface BundleFiles {
  readonly codeDir: string
  readonly codeDigest: string
  readonly appFolder: string
}

const maxFrames = 16
const oneFrame = /^([1-9]\d{0,7}):([1-9]\d{0,7})$/
/** What npm accepts as a name (validate-npm-package-name, old names included); nothing of it can break a log line. */
const npmName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i
const maxNameLength = 214
const maxMapBytes = 16 * 1024 * 1024
const maxPackageJsonBytes = 256 * 1024
const maxMaps = 32

/**
 * Reads the header: `line:column` from the innermost frame outwards, joined by commas. Adversary: the function, which
 * may send anything. A header that comes twice, or is in any way not ours, says nothing.
 */
export function readCaller(values: readonly string[]): readonly BundlePosition[] {
  const [value, ...more] = values
  if (value === undefined || more.length > 0 || value.length > maxFrames * 18) return []
  const frames = value.split(',', maxFrames + 1).map((frame) => oneFrame.exec(frame))
  if (frames.length > maxFrames || frames.includes(null)) return []
  return frames.map((frame) => ({ line: Number(frame?.[1]), column: Number(frame?.[2]) }))
}

/** Finds packages by the source maps of builds. Keeps the maps of the last few builds, for refusals come in floods. */
export function createCallerPackages(): CallerPackages {
  const bundles = new Map<string, Promise<Bundle | undefined>>()

  function bundleOf(code: BundleFiles): Promise<Bundle | undefined> {
    const known = bundles.get(code.codeDigest)
    if (known !== undefined) return known
    const loading = loadBundle(code).catch(() => undefined) // advisory: a map that cannot be read names nobody
    bundles.set(code.codeDigest, loading)
    const oldest = bundles.keys().next().value
    if (bundles.size > maxMaps && oldest !== undefined) bundles.delete(oldest)
    return loading
  }

  return {
    packageOf: async (code, positions) => {
      if (positions.length === 0) return undefined
      const bundle = await bundleOf(code)
      if (bundle === undefined) return undefined
      for (const { line, column } of positions.toReversed()) {
        const entry = bundle.map.findEntry(line - 1, column - 1)
        const name = 'originalSource' in entry ? await bundle.packageFor(entry.originalSource) : undefined
        if (name !== undefined) return name
      }
      return undefined
    },
  }
}

interface Bundle {
  readonly map: SourceMap
  /** The package of a source, by the path the map gives it. */
  readonly packageFor: (source: string) => Promise<string | undefined>
}

async function loadBundle({ codeDir, appFolder }: BundleFiles): Promise<Bundle | undefined> {
  const text = await readSmallFile(join(codeDir, 'index.mjs.map'), maxMapBytes)
  if (text === undefined) return undefined
  const map = new SourceMap(JSON.parse(text))
  const known = new Map<string, Promise<string | undefined>>()
  const packageFor = (source: string): Promise<string | undefined> => {
    const name = known.get(source) ?? packageOfSource(source, appFolder).catch(() => undefined)
    known.set(source, name)
    return name
  }
  return { map, packageFor }
}

/** `node_modules/NAME/…`, the innermost; else the nearest package.json below the app folder: a workspace's package. */
async function packageOfSource(source: string, appFolder: string): Promise<string | undefined> {
  const [, installed] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? []
  if (installed !== undefined) return plainName(installed)
  // Sources outside the app are in its module folders, or the build refused them.
  for (
    let at = dirname(normalize(source));
    at !== '.' && !at.startsWith('..') && !at.startsWith('/');
    at = dirname(at)
  ) {
    const text = await readSmallFile(join(appFolder, at, 'package.json'), maxPackageJsonBytes)
    const manifest: unknown = text === undefined ? undefined : JSON.parse(text)
    if (typeof manifest === 'object' && manifest !== null && 'name' in manifest) return plainName(manifest.name)
  }
  return undefined
}

function plainName(name: unknown): string | undefined {
  return typeof name === 'string' && name.length <= maxNameLength && npmName.test(name) ? name : undefined
}

/** Undefined when there is none. Adversary: a package that puts a link, a pipe or an endless file in its place. */
async function readSmallFile(path: string, maxBytes: number): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined)
  return status?.isFile() === true && status.size <= maxBytes ? readFile(path, 'utf8') : undefined
}
