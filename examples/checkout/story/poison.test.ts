import { expect, test } from 'vitest'

import { judgePoison, poisonExpectations, type PoisonVerdict } from './poison.ts'

const inside = new Map([
  ...poisonExpectations.map(({ poison }) => [poison, 'ECONNREFUSED'] as const),
  ['https', 'ENOTFOUND'],
  ['tcp-443', 'closed without an answer'],
  ['dns', 'ENOTFOUND'],
  ['file-shadow', 'ENOENT'],
  ['file-root', 'ENOENT'],
  ['file-init', 'empty'],
  ['file-home', 'ENOENT'],
  ['identity', 'HTTP 403 function.not_granted'],
  ['identity-forged', 'HTTP 403 function.not_granted'],
  ['build-import', 'MODULE_NOT_FOUND'],
  ['build-link', 'MODULE_NOT_FOUND'],
])
const line = (poison: string, got: boolean, result: string): { text: string; stream: string } => ({
  text: JSON.stringify({ poison, when: 'call', got, result }),
  stream: 'stdout',
})
const output = [...inside].map(([poison, result]) => line(poison, false, result))
const controls = new Map(
  [...inside.keys()].map((poison) => [poison, { poison, when: 'control', got: true, result: 'it worked' }]),
)
const differences = (verdicts: readonly PoisonVerdict[]): readonly string[] =>
  verdicts.flatMap(({ poison, difference }) => (difference === undefined ? [] : [poison]))

test('is content when every route met what must stop it and every control worked', () => {
  expect(differences(judgePoison({ records: [], output }, controls, []))).toEqual([])
})

test('notices a route that got through, one that was not tried, and one that met something else', () => {
  const changed = [
    ...output.filter(({ text }) => !/"(dns|tcp|file-home)"/.test(text)),
    line('dns', true, '192.0.2.1'),
    line('file-home', false, 'oops'),
  ]
  expect(differences(judgePoison({ records: [], output: changed }, controls, []))).toEqual(['tcp', 'dns', 'file-home'])
})

test('believes nothing without its control, or when a canary was hit', () => {
  const without = new Map([...controls].filter(([poison]) => poison !== 'loopback'))
  expect(differences(judgePoison({ records: [], output }, without, []))).toEqual(['loopback'])
  expect(differences(judgePoison({ records: [], output }, controls, ['tcp 127.0.0.1']))).toHaveLength(inside.size)
})
