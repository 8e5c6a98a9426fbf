import { createHash, type Hash } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, readlink, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'

import { hiddenState, runBuildBox } from './build-box.ts'
import { maxPackedBytes, type PackedTree, type PackFault, writeTree } from './packed-tree.ts'
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
    let tree: PackedTree = { files: new Map(), faults: [] }
    await runBuildBox({
      runtime,
      script: 'pack.mjs',
      app,
      mounts: ['--ro-bind', app, appInBox, ...hiddenState(app, appInBox)],
      job: {
        app: appInBox,
        folders: folders.map((folder) => join(appInBox, relative(app, folder))),
        maxBytes: maxPackedBytes,
      },
      read: async (output) => {
        tree = await writeTree(output, temporary)
      },
    })
    if (tree.faults.length > 0) return { faults: tree.faults }
    const digest = await digestOfTree(temporary)
    const dir = join(outDir, digest)
    // Boxes may run from what stands there: it is replaced only if somebody changed it.
    if ((await digestOfTree(dir).catch(() => undefined)) !== digest) {
      await rm(dir, { recursive: true, force: true })
      // Lost to another pack of the same bytes: theirs is as good.
      await rename(temporary, dir).catch(() => undefined)
    }
    return { dir, digest, files: tree.files }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
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
