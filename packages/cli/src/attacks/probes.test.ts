import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { appWith } from '../testing.ts'
import { readProbes } from './probes.ts'

let files: ReturnType<typeof appWith>
beforeEach(() => (files = appWith({ 'sallyport.yaml': '' })))
afterEach(() => files.remove())

function folderOf(probes: Readonly<Record<string, string>>): string {
  const folder = join(files.folder, 'probes')
  mkdirSync(folder)
  for (const [name, text] of Object.entries(probes)) writeFileSync(join(folder, name), text)
  return folder
}

test('a file that exports a function named probe is an attack, named for the file', async () => {
  const { attacks } = await readProbes(
    folderOf({
      'read-mail.mjs': "export const tries = 'read the mail'\nexport const probe = () => ({ got: true })",
      'another.mjs': 'export function probe() {}',
      'notes.txt': 'no probe',
    }),
  )
  expect(attacks.map(({ name, tries }) => [name, tries])).toEqual([
    ['probes.another', 'what its author thought of'],
    ['probes.read-mail', 'read the mail'],
  ])
})

test('probes are put into the app by their names, and nothing else is', async () => {
  const probes = await readProbes(folderOf({ 'read-mail.mjs': 'export const probe = () => 1', 'notes.txt': '' }))
  mkdirSync(join(files.folder, 'src'))
  await probes.addTo(files.folder)
  const text = readFileSync(join(files.folder, 'src/probes.ts'), 'utf8')
  expect(text).toContain("import { probe as probe0 } from './probes/read-mail.mjs'")
  expect(text).toContain('"read-mail": probe0,')
  expect(text).not.toContain('notes')
})

test.each([
  ['no function', { 'a.mjs': 'export const probe = 1' }],
  ['a name that is none', { "a'b.mjs": 'export const probe = () => 1' }],
  ['no file at all', {}],
])('%s is refused', async (_, probes) => {
  await expect(readProbes(folderOf(probes))).rejects.toMatchObject({ code: 'attack.probe' })
})
