import { copyFile, link, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { FunctionImage } from '../image.ts'
import { runtimePlan } from '../runtime/runtimes.ts'

/**
 * What a box is made for that belongs to no function yet: whatever of a running process and its mounts cannot be
 * changed later. Everything else comes when it is assigned.
 */
export interface BoxKind {
  readonly runtime: 'node' | 'python'
  /** Of the control group, and of the heap that Node is started with. */
  readonly memoryMb: number
}

/** A folder that a waiting box has at /var/task: empty until its function is known. */
export interface CodeFolder {
  readonly path: string
  /** Gives it the code of a function, which the box sees at once, and can change no more than any other box can. */
  readonly fill: (codeDir: string) => Promise<void>
  readonly remove: () => Promise<void>
}

/** What has more entries is mounted as it stands, in a box made for it: to link it would take too long. */
const maxEntries = 256

/**
 * Variables that a runtime, or a library that it loads at its start, reads only then. A function that sets one gets a
 * box made for it.
 */
const readAtStart =
  /^(NODE_|PYTHON|UV_|V8_|LD_|LC_|LANG|MALLOC_|GLIBC_|OPENSSL_|SSL_|ICU_|GCONV_|LOCPATH$|NLSPATH$|RES_)/

/** Which kind of box can become one of this function; undefined when only one made for it can. */
export function kindOf(image: FunctionImage): BoxKind | undefined {
  const { runtime, memoryMb, environment } = image
  if (runtime !== 'node' && runtime !== 'python') return undefined
  if (!runtimePlan(image, false).ownClient || image.runsc !== undefined) return undefined
  if (image.layersDir !== undefined || image.tmpMb !== undefined || (image.ports ?? []).length > 0) return undefined
  if (Object.keys(environment).some((name) => readAtStart.test(name))) return undefined
  return entriesIn(image.codeDir) <= maxEntries ? { runtime, memoryMb } : undefined
}

/** As if it were a function's: nothing in it says whose box this will be. */
export function blankImage({ runtime, memoryMb }: BoxKind, codeDir: string): FunctionImage {
  return {
    name: '',
    zone: '',
    arn: '',
    codeDir,
    codeDigest: '',
    runtime,
    handler: '',
    shape: 'handler',
    environment: {},
    timeoutMs: 0,
    memoryMb,
    reuse: 'never',
    maxBoxes: 1,
    warmBoxes: 0,
  }
}

/** Makes an empty one in `parent`. Only this process may write there. */
export async function makeCodeFolder(parent: string, boxId: string): Promise<CodeFolder> {
  const path = join(parent, boxId)
  await mkdir(path, { mode: 0o755 })
  return {
    path,
    fill: (codeDir) => linkAll(codeDir, path),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** Linked, not copied: the bytes are those that were digested, and both folders are ours alone to write. */
async function linkAll(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o755 })
      await linkAll(source, target)
    } else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else await link(source, target).catch(() => copyFile(source, target)) // another file system, or one without links
  }
}

function entriesIn(folder: string): number {
  let entries = 0
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined && entries <= maxEntries; at = waiting.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      entries += 1
      if (entry.isDirectory()) waiting.push(join(at, entry.name))
    }
  }
  return entries
}
