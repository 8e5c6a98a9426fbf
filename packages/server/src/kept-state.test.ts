import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { openKeptState, type RoleRules } from './kept-state.ts'
import { lockFolder } from './ledger/index.ts'
import { closeAll, openFolders } from './operation/index.ts'

const rules = { webhook: () => undefined, streams: () => [] } as unknown as RoleRules

test('a second server makes no key and reads none before it knows that it is alone', async () => {
  const app = mkdtempSync(join(tmpdir(), 'sallyport-kept-'))
  try {
    const folders = openFolders(app)
    const started: (() => Promise<void> | void)[] = []
    const open = (): Promise<unknown> => openKeptState(folders, 'shop', rules, () => undefined, started)
    const release = lockFolder(folders.ledger)
    await expect(open()).rejects.toMatchObject({ code: 'ledger.locked' })
    expect(existsSync(join(folders.keys, 'root.key'))).toBe(false)
    release()
    await open()
    expect(existsSync(join(folders.keys, 'root.key'))).toBe(true)
    await closeAll(started, (cause) => {
      throw cause
    })
    lockFolder(folders.ledger)()
    rmSync(dirname(folders.socket), { recursive: true, force: true })
  } finally {
    rmSync(app, { recursive: true, force: true })
  }
})
