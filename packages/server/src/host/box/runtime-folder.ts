import { constants } from 'node:fs'
import { chmod, copyFile, link, lstat, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { commandLine, rootCommandLine, SallyportError } from '@sallyport/core/access'

import { seccompFilter } from '../kernel/seccomp.ts'
import { parserBundle } from './parser-bundle.ts'
import { readRights, runtimeFolderFor } from '../../start/index.ts'

export { runtimeFolderFor }

/** What every box of one server shares: files of ours that any function's uid can read and none can write. */
export interface RuntimeFolder {
  readonly folder: string
  /** The Node binary that runs in boxes and opens listeners. */
  readonly node: string
  /** Files of ours, by the name they have in `inside/`. */
  readonly inside: (name: (typeof insideFiles)[number]) => string
  /** resolv.conf, hosts, passwd, group, nsswitch.conf: the whole of a box's /etc, but for its CA file. */
  readonly etc: string
  /** The assembled system call filter. */
  readonly filter: string
  /** The one file that a parser loads. */
  readonly parser: string
  /** Content-addressed output of builds. */
  readonly builds: string
}

/**
 * The only files under /etc in a box. Its name server is the door, which is asked as long as any other is: it answers
 * at once, but not before it has a processor. The rest names the one user there is, and the machine, which many a
 * client looks up to say who it is (SMTP).
 */
const etcFiles: Readonly<Record<string, string>> = {
  'resolv.conf': 'nameserver 127.0.0.1\noptions timeout:5 attempts:2\n',
  hosts: '127.0.0.1 localhost sallyport\n::1 localhost\n',
  passwd: 'function:x:65534:65534::/tmp:/usr/sbin/nologin\n',
  group: 'function:x:65534:\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}

// From `src/host` and from a published `dist/host` alike, these plain files stand in `src`.
const insideFolder = fileURLToPath(new URL('../inside/', import.meta.url))
const insideFiles = [
  'listen.mjs',
  'client.mjs',
  'rehearsal.mjs',
  'streaming.mjs',
  'fetch-events.mjs',
  'workerd-loop.mjs',
  'workerd-shim.mjs',
  'client.py',
  'build.mjs',
  'build-answer.mjs',
  'pack.mjs',
  'relay.mjs',
] as const

/**
 * Fills the runtime folder, or finds it filled. Throws `host.runtime_folder` when another user could change what
 * boxes run, or when a function's uid could not reach it.
 */
export async function prepareRuntimeFolder(runtimeDir: string, execPath: string): Promise<RuntimeFolder> {
  const root = process.getuid?.() === 0
  await mkdir(runtimeDir, { recursive: true, mode: root ? 0o711 : 0o700 })
  const folder = await realpath(runtimeDir)
  await refuseForeignOwner(folder)
  if (root) await refuseClosedAncestor(folder)
  const subfolders = { inside: join(folder, 'inside'), etc: join(folder, 'etc'), builds: join(folder, 'builds') }
  for (const path of Object.values(subfolders)) await mkdir(path, { recursive: true, mode: 0o755 })
  // A server without root reads it as everybody does: so do functions.
  const keptRoot = readRights().kind === 'root'
  const node = keptRoot ? join(folder, 'node') : await realpath(execPath)
  if (keptRoot) await installBinary(await realpath(execPath), node)
  for (const name of insideFiles) await install(join(subfolders.inside, name), await readFile(join(insideFolder, name)))
  for (const [name, text] of Object.entries(etcFiles)) await install(join(subfolders.etc, name), Buffer.from(text))
  const program = seccompFilter(arch())
  if (program === undefined) {
    throw new SallyportError('host.isolation_unavailable', `no system call filter is written for ${arch()}`)
  }
  const filter = join(folder, 'seccomp.bpf')
  await install(filter, program)
  const { name: parserName, make } = await parserBundle()
  const parser = join(subfolders.inside, parserName)
  const made = await lstat(parser).catch(() => undefined)
  if (made === undefined) await install(parser, await make())
  return {
    folder,
    node,
    inside: (name) => join(subfolders.inside, name),
    etc: subfolders.etc,
    filter,
    parser,
    builds: subfolders.builds,
  }
}

/** A file is replaced as a whole or not at all: two servers may share the folder. */
async function install(path: string, bytes: Uint8Array): Promise<void> {
  const present = await readFile(path).catch(() => undefined)
  if (present !== undefined && Buffer.compare(present, bytes) === 0) return
  const temporary = temporaryName(path)
  await writeFile(temporary, bytes, { mode: 0o644 })
  await chmod(temporary, 0o644)
  await rename(temporary, path)
}

/** Builds run side by side, in one process and in several. */
function temporaryName(path: string): string {
  temporaries += 1
  return `${path}.${process.pid}.${temporaries}`
}

let temporaries = 0

/** Large programs: linked where the file system allows, copied once where not. */
export async function installBinary(from: string, to: string): Promise<void> {
  const [source, present] = await Promise.all([stat(from), stat(to).catch(() => undefined)])
  const same =
    present !== undefined &&
    present.size === source.size &&
    ((present.ino === source.ino && present.dev === source.dev) || present.mtimeMs > source.mtimeMs)
  if (same) return
  const temporary = temporaryName(to)
  // Linked only when its owner is us and no other uid may write: the link shares the mode with the original.
  const linkable = source.uid === 0 && (source.mode & 0o777) === 0o755
  const linked =
    linkable &&
    (await link(from, temporary).then(
      () => true,
      () => false,
    ))
  if (!linked) {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    await chmod(temporary, 0o755)
  }
  await rename(temporary, to)
}

async function refuseForeignOwner(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder)
  const self = process.getuid?.()
  if (uid === self && (mode & 0o022) === 0) return
  throw new SallyportError('host.runtime_folder', `${folder} belongs to, or may be written by, another user`, {
    // What others could write there, boxes would run: it is made anew, never taken over.
    fix: uid === self ? commandLine('rm', '-r', folder) : rootCommandLine(self, 'rm', '-r', folder),
  })
}

async function refuseClosedAncestor(folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    // The server's group reads sources for builds, and is one of the others for every folder but our own.
    const wanted = at === folder ? 0o011 : 0o001
    if (((await stat(at)).mode & wanted) !== wanted) {
      throw new SallyportError(
        'host.runtime_folder',
        `${folder} cannot be reached by a function's uid: ${at} is closed; /var/cache is not`,
        at === folder ? { fix: commandLine('chmod', 'go+x', at) } : {},
      )
    }
    if (at === dirname(at)) return
  }
}
