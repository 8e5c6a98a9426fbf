import { chmod, type FileHandle, mkdir, open, symlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

/** What stands in the way, by path relative to the app folder. */
export interface PackFault {
  readonly code: 'build.outside_app' | 'build.failed' | 'build.too_large'
  readonly path: string
}

/** What was written, and what stood in the way. */
export interface PackedTree {
  /** Files, and whether they may be executed, by their path. */
  readonly files: ReadonlyMap<string, { readonly executable: boolean }>
  readonly faults: readonly PackFault[]
}

/** AWS Lambda's limit for code and layers, unzipped. */
export const maxPackedBytes: number = 250 * 1024 * 1024
const maxEntries = 100_000
const maxHeaderBytes = 16 * 1024

/**
 * Writes what the build box says below one folder, and nowhere else. Adversary: an app that took over the box that
 * reads it. Throws `host.build_box` for what no folder is.
 */
export async function writeTree(output: Readable, root: string): Promise<PackedTree> {
  const writer = treeWriter(root)
  await readFrames(output, writer)
  return writer
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

/** Parses one header, or says that it is not all there yet. */
function headerAt(held: Buffer): Header | undefined {
  if (held.length < 4) return undefined
  const length = held.readUInt32BE(0)
  if (length > maxHeaderBytes) throw brokenFrame()
  if (held.length < 4 + length) return undefined
  const { kind, path, size, target, executable, code } = objectIn(held.toString('utf8', 4, 4 + length))
  if (kind === 'end') return { kind }
  if (typeof path !== 'string' || !isPlainPath(path)) throw brokenFrame()
  if (kind === 'file' && typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)
    return { kind, path, size, executable: executable === true }
  if (kind === 'link' && typeof target === 'string' && staysInside(target, path)) return { kind, path, target }
  if (kind === 'fault' && (code === 'build.outside_app' || code === 'build.failed' || code === 'build.too_large'))
    return { kind, path, code }
  throw brokenFrame()
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // no JSON, and so no object
  }
  if (typeof value !== 'object' || value === null) throw brokenFrame()
  return { ...value }
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

function brokenFrame(): SallyportError {
  return new SallyportError('host.build_box', 'the box that packs a folder said something that no folder is')
}
