import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { prepareRuntimeFolder, runtimeFolderFor } from './runtime-folder.ts'
import { openFolder } from '../testing/make-engine.ts'

const root = process.getuid?.() === 0
let folder: string
beforeEach(() => {
  folder = openFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the runtime folder', () => {
  it('lies outside the state folder for root, whose functions have other uids', () => {
    expect(runtimeFolderFor('/srv/app/.sallyport').startsWith('/srv/app/.sallyport/')).toBe(!root)
  })

  it('is refused when others may write to it', async () => {
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o777)
    await expect(prepareRuntimeFolder(shared, process.execPath)).rejects.toMatchObject({ code: 'host.runtime_folder' })
  })

  it.runIf(root)('is refused where a function could not reach it, with the fix', async () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    const failure: unknown = await prepareRuntimeFolder(closed, process.execPath).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'host.runtime_folder', fix: `chmod go+x ${closed}` })
    // Whose the folder above is and why it is closed, we do not know: to open that one is no fix of ours.
    const deeper: unknown = await prepareRuntimeFolder(join(closed, 'a'), process.execPath).catch(
      (error: unknown) => error,
    )
    expect(deeper).toMatchObject({ code: 'host.runtime_folder', fix: undefined })
  })

  it('is filled once, by many at a time, and is readable but not writable for functions', async () => {
    const path = join(folder, 'runtime')
    const prepared = await Promise.all([1, 2, 3].map(() => prepareRuntimeFolder(path, process.execPath)))
    const modes = [prepared[0]?.filter ?? '', prepared[0]?.inside('client.mjs') ?? ''].map(
      (file) => statSync(file).mode,
    )
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o644, 0o644])
    if (root) expect(statSync(join(path, 'node')).mode & 0o777).toBe(0o755)
  })
})
