import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { closedCache } from './compile-cache.ts'

const root = process.getuid?.() === 0
const nobody = 65_534

describe.skipIf(!root)('a cache of compiled code that who starts the server names (as root)', () => {
  let above: string
  let cache: string
  let file: string
  beforeEach(() => {
    above = mkdtempSync(join(tmpdir(), 'sallyport-compiled-'))
    chmodSync(above, 0o755)
    cache = join(above, 'cache')
    file = join(cache, 'v24-x64/0a1b2c3d')
    mkdirSync(join(cache, 'v24-x64'), { recursive: true })
    writeFileSync(file, 'compiled', { mode: 0o644 })
    writeFileSync(`${file}e`, 'not for the server', { mode: 0o600 })
    // The control of every case below: as it stands it is taken, and by its real path.
    symlinkSync(cache, join(above, 'named'))
    expect(closedCache(join(above, 'named'))).toBe(cache)
  })
  afterEach(() => rmSync(above, { recursive: true, force: true }))

  it('is left alone where there is none', () => {
    expect(closedCache(undefined)).toBeUndefined()
    expect(closedCache('')).toBeUndefined()
    expect(closedCache(join(above, 'missing'))).toBeUndefined()
  })

  it('is left alone where others may write a file of it, or own one', () => {
    chmodSync(file, 0o646)
    expect(closedCache(cache)).toBeUndefined()
    chmodSync(file, 0o664)
    expect(closedCache(cache)).toBeUndefined()
    chmodSync(file, 0o644)
    chownSync(file, nobody, 0)
    expect(closedCache(cache)).toBeUndefined()
  })

  it('is left alone where others may put a file into it, or a folder in its place', () => {
    for (const folder of [join(cache, 'v24-x64'), cache, above]) {
      chmodSync(folder, 0o777)
      expect(closedCache(cache), folder).toBeUndefined()
      chmodSync(folder, 0o755)
      chownSync(folder, nobody, 0)
      expect(closedCache(cache), folder).toBeUndefined()
      chownSync(folder, 0, 0)
    }
    chmodSync(above, 0o1777) // as /tmp is: only root moves what is root's
    expect(closedCache(cache)).toBe(cache)
  })

  it('is left alone where a link leads out of it', () => {
    symlinkSync(file, join(cache, 'v24-x64/link'))
    expect(closedCache(cache)).toBeUndefined()
  })

  it('is left alone where the server cannot come to it', () => {
    for (const folder of [cache, above]) {
      chmodSync(folder, 0o700)
      expect(closedCache(cache), folder).toBeUndefined()
      chmodSync(folder, 0o755)
    }
  })
})
