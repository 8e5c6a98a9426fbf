import { expect, test } from 'vitest'

import { parseAnswer } from './bundle-answer.ts'

const output = (name: string): { name: string; base64: string } => ({ name, base64: 'aGk=' })
const said = (answer: unknown): unknown => parseAnswer(JSON.stringify(answer))
const broken = expect.objectContaining({ code: 'host.build_box' })

test('what a build made is taken', () => {
  expect(said({ outputs: [output('index.mjs'), output('index.mjs.map')], exports: ['handler', 7] })).toMatchObject({
    files: new Map(['index.mjs', 'index.mjs.map'].map((name) => [name, Buffer.from('hi')])),
    exports: ['handler'],
    commonjs: false,
    warnings: [],
  })
})

test('a file has a name that leads nowhere', () => {
  for (const name of ['../x', 'a/b', '.ssh', '..', '/etc/cron.d/x', 'a\0b', '']) {
    expect(() => said({ outputs: [output('index.mjs'), output(name)] }), name).toThrow(broken)
  }
})

test('a build without a module, and what is no answer, is none', () => {
  expect(() => said({ outputs: [output('other.mjs')] })).toThrow(broken)
  for (const text of ['', 'null', '[]', '7', '{']) expect(() => parseAnswer(text), text).toThrow(broken)
})

test('a fault is text, and so many of them', () => {
  const fault = { code: 'build.failed', message: 'no \u001B[2Ksuch\u202E thing', file: 'a.ts', line: 1, column: 2 }
  expect(said({ faults: [fault, null, 'x'] })).toEqual({
    faults: [{ ...fault, message: 'no \uFFFD[2Ksuch\uFFFD thing', column: 3 }],
  })
  expect(said({ faults: Array.from({ length: 1_000 }, () => fault) })).toMatchObject({ faults: { length: 100 } })
})
