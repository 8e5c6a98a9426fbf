import { readFileSync } from 'node:fs'

import { afterAll, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

const text = readFileSync(new URL('../../../../docs/prove.md', import.meta.url), 'utf8')
const named = [...text.matchAll(/^`(\S+\.json)`:\n\n```json\n([^]*?)```/gm)].map(([, name = '', json = '']) => [
  name,
  json,
])
const files = appWith(Object.fromEntries(named) as Record<string, string>)
afterAll(() => files.remove())

const commands = [...text.matchAll(/^```console\n([^]*?)```/gm)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
  .map((one) => ({ line: one.slice(0, one.indexOf('\n')), printed: one.slice(one.indexOf('\n') + 1) }))

test('the document has files and commands', () => {
  expect(named.map(([name]) => name)).toEqual(['new.json', 'old.json'])
  expect(commands.length).toBeGreaterThan(3)
})

test.for(commands)('docs/prove.md: $line', async ({ line, printed }) => {
  const words = line.split(' ')
  expect(words.shift()).toBe('sallyport')
  expect((await type(words, { cwd: files.folder })).stdout).toBe(printed)
})
