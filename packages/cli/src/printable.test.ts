import { expect, test } from 'vitest'

import { escaped, oneLine, printable, setIn, shown, shownJson } from './printable.ts'
import { showReason, showTransaction } from './show-transaction.ts'
import { appWith, decision, type } from './testing.ts'
import { transactionOf } from './transaction.ts'

const hostile = 'a\u001B[2Kb\u202Ec\u009Bd\u0007'
const harmless = 'a\uFFFD[2Kb\uFFFDc\uFFFDd\uFFFD'
const paint = { good: (text: string) => text, bad: String, faint: String, strong: String }

test('what would move the cursor or hide text is replaced; words, tabs and lines stay', () => {
  expect(printable(hostile)).toBe(harmless)
  expect(printable('é 日本\t🙂\n')).toBe('é 日本\t🙂\n')
})

test('what is printed keeps our colours, and no other sequence', () => {
  expect(shown('\u001B[31mdeny\u001B[0m \u001B[8mhidden \u001B[2Kx')).toBe(
    '\u001B[31mdeny\u001B[0m \uFFFD[8mhidden \uFFFD[2Kx',
  )
})

test('what stands in JSON means the same, and a terminal obeys none of it', () => {
  const text = shownJson({ hostile }) ?? ''
  expect(text).toBe(printable(text))
  expect(JSON.parse(text)).toEqual({ hostile })
})

test('what has several lines begins none as another function would, and as JSON hides nothing either', () => {
  expect(setIn('Error: a\n23:59:59.000 4c2ae983 payments paid\u202e')).toBe(
    'Error: a\n    | 23:59:59.000 4c2ae983 payments paid\uFFFD',
  )
  expect(escaped('{"text":"a\u009b2K"}')).toBe('{"text":"a\\u009b2K"}')
})

test('what is quoted adds no line of its own', () => {
  expect(oneLine('a\r\n  outcome done\nb')).toBe('a   outcome done b')
})

test('why prints nothing that a caller, a function or an issuer sent as more than text', () => {
  const forged = `${hostile}\n    outcome done`
  const id = 'a1'.padEnd(32, '0')
  const records = [
    decision({
      id,
      transaction: id,
      subjectName: forged,
      asked: [{ action: 'sallyport:UseDoor', resource: `arn:sallyport:door:checkout::?/${forged}` }],
    }),
    { kind: 'outcome', at: 0, decision: id, transaction: id, outcome: 'failed', detail: forged } as const,
  ]
  const text = showTransaction(transactionOf(records, id), id, paint)
  expect(text).toContain(harmless)
  expect(text.split('\n').filter((line) => /^ *outcome done/.test(line))).toEqual([])
  const reason = showReason({ code: 'door.unlisted', layer: 'door', message: forged, fix: forged })
  expect(reason.join('\n').split('\n')).toHaveLength(2)
})

test('an answer that quotes what was typed is printed so as well', async () => {
  const { stderr } = await type(['completion', hostile], { cwd: '/nowhere' })
  expect(stderr).toContain('cli.usage')
  expect(stderr).toBe(printable(stderr))
})

test('an error that quotes what it was given is printed so, and an answer, and JSON', async () => {
  const app = appWith({})
  await type(['init', '--name', 'hello'], { cwd: app.folder })
  const said = await Promise.all(
    [
      ['policy', hostile],
      ['diff', '.', hostile],
      ['policy', hostile, '--json'],
    ].map((line) => type(line, { cwd: app.folder })),
  )
  app.remove()
  expect(said.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2])
  expect(said.map(({ stdout, stderr }) => [stdout === '', stderr === ''])).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ])
  for (const { stdout, stderr } of said) expect(stdout + stderr).toBe(printable(stdout + stderr))
})
