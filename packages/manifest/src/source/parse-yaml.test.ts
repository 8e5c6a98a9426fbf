import { describe, expect, it } from 'vitest'

import { collectFaults } from './faults.ts'
import { parseYaml } from './parse-yaml.ts'

function faultsOf(text: string): readonly string[] {
  const faults = collectFaults()
  parseYaml('sallyport.yaml', text, faults)
  return faults
    .all()
    .map(({ line, column, code, message, suggestion = '' }) =>
      `${line}:${column} ${code} ${message} ${suggestion}`.trim(),
    )
}

describe('what YAML has and a manifest has not', () => {
  it.each([
    ['a list for a key', '? [a, b]\n: c\n', 'A key must be plain text.'],
    ['a map for a key', '{ { a: 1 }: 2 }\n', 'A key must be plain text.'],
    ['a tag', 'a: !!str 1\n', 'YAML tags are not part of the grammar.'],
  ])('%s is refused', (_, text, told) => {
    expect(faultsOf(text).join('\n')).toContain(told)
  })
})

describe('a manifest that is no YAML', () => {
  const cases: readonly (readonly [what: string, text: string, told: readonly string[]])[] = [
    ['a tab', 'a:\n\tb: 1\n', ['2:1 manifest.yaml A tab indents this line. indent with spaces']],
    [
      'more behind a map',
      'a: { b: 1 }, c: 2\n',
      ['1:12 manifest.yaml Something follows here that does not belong to what it follows. begin a new line'],
    ],
    ['an open list', 'a: [b\nc: 1\n', ['2:1 manifest.yaml A list that begins with "[" is not closed. write the "]"']],
    ['an open map', 'a: { b: 1\nc: 1\n', ['2:1 manifest.yaml A map that begins with "{" is not closed. write the "}"']],
    [
      'an open quote',
      'a: "b\n',
      ['2:1 manifest.yaml A text that begins with a quote is not closed. write the other quote'],
    ],
    [
      'a key further right',
      'a: 1\n  b: 2\n',
      ['1:4 manifest.yaml A second ":" stands in this line. quote the text that holds it, or begin a new line'],
    ],
    [
      'a second document',
      'a: 1\n---\nb: 1\n',
      ['2:1 manifest.yaml A second document begins here. keep one, without any line of ---'],
    ],
    [
      'a line without a colon',
      'a: 1\nb\n',
      ['2:1 manifest.yaml This is a key, or a text over several lines, and no ":" follows. write key: value'],
    ],
    [
      'nothing',
      '# a comment\n',
      ['1:1 manifest.missing_key sallyport.yaml is empty. delete it, then run sallyport init'],
    ],
    [
      'UTF-16',
      '\0a',
      ['1:1 manifest.hidden_character sallyport.yaml holds U+0000, which nobody sees. save it as UTF-8'],
    ],
    ['Latin-1', 'a: b\uFFFDro', ['1:5 manifest.hidden_character sallyport.yaml is not UTF-8 here. save it as UTF-8']],
    ['brackets without end', '['.repeat(20_000), ['1:321 manifest.too_large Deeper than 32 levels.']],
    ['dashes without end', '- '.repeat(20_000), ['1:1 manifest.too_large Deeper than 32 levels.']],
  ]
  for (const [what, text, told] of cases) {
    it(`is told where, and what mends it: ${what}`, () => expect(faultsOf(text).slice(0, 1)).toEqual(told))
  }

  it('is not told the same a thousand times', () => {
    expect(faultsOf('a: [\n'.repeat(200)).length).toBeLessThanOrEqual(10)
    expect(faultsOf('a: [b, c]\n')).toEqual([])
  })
})
