import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { houseRoot, parse } from './house/source-tree.ts'
import { accepted } from './mutants/accepted.ts'
import { instrument, type Numbered } from './mutants/instrument.ts'
import { codeOf } from './mutants/mutants.ts'
import { mutationsOf } from './mutants/mutations.ts'

const found = (text: string): readonly string[] => {
  const source = parse('a.ts', text)
  return mutationsOf(source).map((mutation) => `${mutation.kind}: ${codeOf(source, mutation)}`)
}

const forms: readonly (readonly [text: string, found: readonly string[]])[] = [
  ["if (name === '') throw new Error()", ["guard: name === ''"]],
  ['function f() { if (a()) return refuse() }', ['guard: a()']],
  ['function f() { if (a()) { log(); return undefined } }', ['guard: a()']],
  ['for (const each of all) if (!fits(each)) continue', ['guard: !fits(each)']],
  ['if (fits(x)) use(x)\nelse throw new Error()', ['guard: fits(x)']],
  ['if (a() || b()) throw new Error()', ['guard: a() || b()', 'operand: a()', 'operand: b()']],
  [
    'const fits = (x) => a(x) && (b(x) || c(x))',
    ['operand: a(x)', 'operand: (b(x) || c(x))', 'operand: b(x)', 'operand: c(x)'],
  ],
  ['if (size >= most) socket.destroy()', ['guard: size >= most', 'bound: size >= most']],
  ['const value = fits(x) ? x : undefined', ['guard: fits(x)']],
  ['const value = x ?? refuse()', ['fallback: refuse()']],
  ['assertOpen(box)', ['statement: assertOpen(box)']],
  ['await checkName(name)', ['statement: await checkName(name)']],
  ['function f() { switch (x) { case 1: return 1; default: return deny(x) } }', ['statement: deny(x)']],
  ['function f() { g(); throw new Error() }', ['statement: throw new Error()']],
  // None of these refuses.
  ['function f() { if (known !== undefined) return known }', []],
  ['const name = given === undefined ? own : given', []],
  ['for (let i = 0; i < 3; i += 1) use(i)', []],
  ['if (x !== undefined && fits(x)) use(x)', ['operand: fits(x)']],
]

test('what refuses is found by its form, and nothing else', () => {
  for (const [text, expected] of forms) assert.deepEqual(found(`export {}\n${text}`), expected, text)
})

test('a mutant that is asleep changes nothing, and each changes its own place when it is awake', async () => {
  const text = `export const fits = (n) => {
    if (n < 0 || n > 9) return false
    if (n === 7) check(n)
    else return true
    return true
  }
  const check = (n) => { if (n === 7) throw new Error('seven') }`
  const mutants: readonly Numbered[] = mutationsOf(parse('a.ts', text)).map((one, index) => ({ ...one, id: index + 1 }))
  const changed = instrument(text, mutants)
  assert.equal(changed.split('\n').length, text.split('\n').length)
  const { fits }: { fits: (n: number) => boolean } = await import(`data:text/javascript,${encodeURIComponent(changed)}`)
  const answers = (awake: number): string => {
    globalThis.mutant = (id) => id === awake
    return [-1, 0, 7, 9, 10].map((n) => attempt(() => fits(n))).join(' ')
  }
  try {
    assert.equal(answers(0), 'false true thrown true false')
    assert.deepEqual(
      mutants.map(({ id, kind, start, end }) => `${kind} ${text.slice(start, end)}: ${answers(id)}`),
      [
        'guard n < 0 || n > 9: true true thrown true true',
        'operand n < 0: true true thrown true false',
        'bound n < 0: false false thrown true false',
        'operand n > 9: false true thrown true true',
        'bound n > 9: false true thrown false false',
        'statement check(n): false true true true false',
        'guard n === 7: false true true true false',
      ],
    )
  } finally {
    globalThis.mutant = undefined
  }
})

const attempt = (ask: () => boolean): string => {
  try {
    return String(ask())
  } catch {
    return 'thrown'
  }
}

test('whatever is accepted stands where the table says', () => {
  for (const [file, kind, code] of accepted) {
    const source = parse(file, readFileSync(join(houseRoot, file), 'utf8'))
    const there = mutationsOf(source).some((one) => one.kind === kind && codeOf(source, one) === code)
    assert.ok(there, `${file} has no ${kind} ${code}`)
  }
})
