import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { type LoadedManifest, loadManifestOf } from './load.ts'

const manifest = `app: noticeboard
zones:
  public: { from: [internet] }
functions:
  front:
    zone: public
    code: front.mjs
    routes:
      GET /open: { who: [anyone] }
expect:
  allow:
    - anyone -> GET /open
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-load-'))
  writeFileSync(join(folder, 'front.mjs'), 'export const handler = () => 1')
  writeFileSync(join(folder, 'sallyport.yaml'), manifest)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function load(text?: string): Promise<LoadedManifest['app']['name']> {
  if (text !== undefined) writeFileSync(join(folder, 'sallyport.yaml'), text)
  const { app, guests } = await loadManifestOf(folder, {}, () => undefined)
  await guests.close()
  return app.name
}

test('a folder without a manifest says so, with what makes one', async () => {
  expect(await load(), 'control').toBe('noticeboard')
  rmSync(join(folder, 'sallyport.yaml'))
  await expect(load()).rejects.toMatchObject({ code: 'manifest.missing', fix: expect.stringContaining('init') })
})

test('a manifest that cannot be read right is not put into force', async () => {
  await expect(load(manifest.replace('zone: public', 'zone: pubic'))).rejects.toMatchObject({
    code: 'manifest.faulty',
    message: expect.stringMatching(/\n {4}try: .*public/),
  })
})

test('a manifest that does not hold what it says of itself is not put into force', async () => {
  const wrong = manifest.replace('  allow:\n', '  deny:\n')
  await expect(load(wrong)).rejects.toMatchObject({
    code: 'manifest.faulty',
    message: expect.stringContaining('sallyport.yaml:12:'),
  })
})

test('a fault that nothing can be suggested for is told without a suggestion', async () => {
  await expect(load('7\n')).rejects.toMatchObject({
    code: 'manifest.faulty',
    message: expect.not.stringContaining('try:'),
  })
})

test('a file that is there and cannot be read is no absent one', async () => {
  rmSync(join(folder, 'sallyport.yaml'))
  mkdirSync(join(folder, 'sallyport.yaml'))
  await expect(load()).rejects.toMatchObject({ code: 'manifest.unreadable', cause: { code: 'EISDIR' } })
  rmSync(join(folder, 'sallyport.yaml'), { recursive: true })
  writeFileSync(join(folder, 'sallyport.yaml'), manifest)
  rmSync(join(folder, 'front.mjs'))
  symlinkSync('front.mjs', join(folder, 'front.mjs'))
  await expect(load()).rejects.toMatchObject({ code: 'manifest.unreadable', cause: { code: 'ELOOP' } })
})
