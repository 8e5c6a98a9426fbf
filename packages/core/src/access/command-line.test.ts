import { execFileSync } from 'node:child_process'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { commandLine } from './command-line.ts'

test('plain words stay as they are, others are quoted', () => {
  expect(commandLine('sallyport', 'up', '/srv/app', '--port', '0')).toBe('sallyport up /srv/app --port 0')
  expect(commandLine('mv', "it's here", '$(id)')).toBe(`mv 'it'\\''s here' '$(id)'`)
  expect(commandLine('printf', '')).toBe("printf ''")
})

test('a shell gives the program exactly the words that were given', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 3 }), (words) => {
      const line = commandLine('printf', '%s|', 'first', ...words)
      const said = execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' })
      expect(said).toBe(['first', ...words, ''].join('|'))
    }),
    { numRuns: 40 },
  )
})
