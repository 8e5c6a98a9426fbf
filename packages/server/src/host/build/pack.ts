import { createHash, type Hash } from 'node:crypto'
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { join, posix, relative } from 'node:path'
import type { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

import { hiddenState, runBuildBox } from './build-box.ts'
import type { RuntimeFolder } from '../box/runtime-folder.ts'

/** Folders of an app, taken as they stand: nothing is bundled, nothing of them is run. */
export interface PackOptions {
  readonly runtime: RuntimeFolder
  /** Real path of the app folder. */
  readonly app: string
  /** Real paths inside it. Of a file that stands in several, the last one's is taken, as AWS lays layers. */
  readonly folders: readonly string[]
  /** Where content-addressed output goes. */
  readonly outDir: string
}

/** A stored copy. */
export interface Packed {
  readonly dir: string
  /** SHA-256 over names, kinds and bytes of everything in it, hex. */
  readonly digest: string
  /** Files in it that may be executed, and the others, by their path. */
  readonly files: ReadonlyMap<string, { readonly executable: boolean }>
}

/** What stands in the way, by path relative to the app folder. */
export interface PackFault {
  readonly code: 'build.outside_app' | 'build.failed' | 'build.too_large'
  readonly path: string
}

/** AWS Lambda's limit for code and layers, unzipped. */
export const maxPackedBytes: number = 250 * 1024 * 1024
const maxEntries = 100_000
const maxHeaderBytes = 16 * 1024
const appInBox = '/src'

/**
 * Copies folders of an app to where only the server can write, under their digest. Adversary: whoever can write to
 * the app folder, by symbolic links, also ones that change while we look; hence a box reads it, as the app's owner.
 */
export async function packFolders(options: PackOptions): Promise<Packed | { readonly faults: readonly PackFault[] }> {
  const { runtime, app, folders, outDir } = options
  const temporary = join(outDir, `.pack-${process.pid}-${process.hrtime.bigint()}`)
  await mkdir(temporary)
  await chmod(temporary, 0o755)
  try {
    const writer = treeWriter(temporary)
    await runBuildBox({
      runtime,
      script: 'pack.mjs',
      app,
      mounts: ['--ro-bind', app, appInBox, ...hiddenState(app, appInBox)],
      job: { app: appInBox, folders: folders.map((folder) => join(appInBox, relative(app, folder))) },
      read: (output) => readFrames(output, writer),
    })
    if (writer.faults.length > 0) return { faults: writer.faults }
    const digest = await digestOfTree(temporary)
    const dir = join(outDir, digest)
    // Boxes may run from what stands there: it is replaced only if somebody changed it.
    if ((await digestOfTree(dir).catch(() => undefined)) !== digest) {
      await rm(dir, { recursive: true, force: true })
      // Lost to another pack of the same bytes: theirs is as good.
      await rename(temporary, dir).catch(() => undefined)
    }
    return { dir, digest, files: writer.files }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

type Header =
  | { readonly kind: 'file'; readonly path: string; readonly size: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'fault'; readonly path: string; readonly code: PackFault['code'] }
  | { readonly kind: 'end' }

interface TreeWriter {
  readonly files: Map<string, { readonly executable: boolean }>
  readonly faults: PackFault[]
  begin(header: Header): Promise<FileHandle | undefined>
}

/** Writes what frames say below one folder, and nowhere else. */
function treeWriter(root: string): TreeWriter {
  const files = new Map<string, { readonly executable: boolean }>()
  const faults: PackFault[] = []
  const links = new Set<string>()
  const folders = new Set<string>()
  let entries = 0
  let bytes = 0

  const place = async (path: string): Promise<string> => {
    const parts = path.split('/')
    const above = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'))
    // Written through a link, a file would stand somewhere else than it says.
    if (++entries > maxEntries || above.some((folder) => links.has(folder))) throw brokenFrame()
    for (const folder of above.filter((one) => !folders.has(one))) {
      folders.add(folder)
      await mkdir(join(root, folder))
      await chmod(join(root, folder), 0o755) // whatever the umask
    }
    return join(root, path)
  }
  return {
    files,
    faults,
    begin: async (header) => {
      if (header.kind === 'end') return undefined
      if (header.kind === 'fault') return void faults.push({ code: header.code, path: header.path })
      if (header.kind === 'link') {
        await symlink(header.target, await place(header.path))
        links.add(header.path)
        return void files.set(header.path, { executable: true }) // or not, as what it leads to
      }
      bytes += header.size
      if (bytes > maxPackedBytes) faults.push({ code: 'build.too_large', path: header.path })
      if (faults.length > 0) return undefined
      files.set(header.path, { executable: header.executable })
      const file = await open(await place(header.path), 'wx', 0o644)
      await file.chmod(header.executable ? 0o755 : 0o644) // whatever the umask
      return file
    },
  }
}

/** Reads length, header and bytes, again and again, until the end that the box announces. */
async function readFrames(output: Readable, writer: TreeWriter): Promise<void> {
  let held: Buffer = Buffer.alloc(0)
  let file: FileHandle | undefined
  let missing = 0
  let ended = false
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      for (;;) {
        if (missing > 0) {
          const part = held.subarray(0, missing)
          if (part.length === 0) break
          await file?.write(part)
          missing -= part.length
          held = held.subarray(part.length)
          if (missing > 0) break
          await file?.close()
          file = undefined
        }
        const header = headerAt(held)
        if (header === undefined) break
        held = held.subarray(4 + held.readUInt32BE(0))
        ended ||= header.kind === 'end'
        file = await writer.begin(header)
        missing = header.kind === 'file' ? header.size : 0
        if (missing > 0) continue
        await file?.close()
        file = undefined
      }
    }
  } finally {
    await file?.close()
  }
  if (!ended || missing > 0 || held.length > 0) throw brokenFrame()
}

/** Parses one header, or says that it is not all there yet. Adversary: an app that took over the box that reads it. */
function headerAt(held: Buffer): Header | undefined {
  if (held.length < 4) return undefined
  const length = held.readUInt32BE(0)
  if (length > maxHeaderBytes) throw brokenFrame()
  if (held.length < 4 + length) return undefined
  const value = JSON.parse(held.toString('utf8', 4, 4 + length)) as Readonly<Record<string, unknown>> // checked below
  const { kind, path, size, target, executable, code } = value
  if (kind === 'end') return { kind }
  if (typeof path !== 'string' || !isPlainPath(path)) throw brokenFrame()
  if (kind === 'file' && typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)
    return { kind, path, size, executable: executable === true }
  if (kind === 'link' && typeof target === 'string' && staysInside(target, path)) return { kind, path, target }
  if (kind === 'fault' && (code === 'build.outside_app' || code === 'build.failed')) return { kind, path, code }
  throw brokenFrame()
}

function isPlainPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !path.includes('\0')
}

/** Steps up stand first, so that no link on the way changes where they lead, and do not leave the package. */
function staysInside(target: string, path: string): boolean {
  const rest = target.replace(/^(\.\.?\/)*/, '')
  if (rest === '' || rest.startsWith('/') || rest.split('/').includes('..') || target.includes('\0')) return false
  return !posix.join(posix.dirname(path), target).startsWith('..')
}

/** Names, kinds and bytes of everything below a folder, in one order. Follows no link. */
async function digestOfTree(root: string): Promise<string> {
  const hash = createHash('sha256').update('packed\n')
  await addTree(hash, root, '')
  return hash.digest('hex')
}

async function addTree(hash: Hash, root: string, path: string): Promise<void> {
  for (const name of (await readdir(join(root, path))).toSorted()) {
    const below = path === '' ? name : `${path}/${name}`
    const status = await lstat(join(root, below))
    if (status.isDirectory()) {
      await addTree(hash, root, below)
    } else if (status.isSymbolicLink()) {
      hash.update(`link\0${below}\0${await readlink(join(root, below))}\0`)
    } else {
      hash.update(`${(status.mode & 0o111) === 0 ? 'file' : 'program'}\0${below}\0${status.size}\0`)
      hash.update(await readFile(join(root, below)))
    }
  }
}

function brokenFrame(): SallyportError {
  return new SallyportError('host.build_box', 'the box that packs a folder said something that no folder is')
}
