import { expect, test } from 'vitest'

import { parseServerArguments } from './arguments.ts'

test('up takes a folder and has safe defaults', () => {
  expect(parseServerArguments(['up', '/srv/app'], false)).toEqual({
    mode: 'up',
    folder: '/srv/app',
    port: 8443,
    issuerPort: 8444,
    plainHttp: false,
    broadening: 'refuse',
  })
})

test('on a terminal a broadening manifest is asked about', () => {
  expect(parseServerArguments(['up'], true).broadening).toBe('ask')
})

test.each([
  ['no mode', []],
  ['another mode', ['down']],
  ['a misspelt flag', ['up', '--htpp']],
  ['a permissive mode, which does not exist', ['dev', '--permissive']],
  ['two folders', ['up', 'a', 'b']],
  ['no port', ['up', '--port', 'x']],
  ['a port below none', ['up', '--port=-80']],
  ['a port in another spelling', ['up', '--port', '8e1']],
  ['a port too large', ['up', '--port', '65536']],
  ['a debugger in up', ['up', '--inspect', 'orders']],
  ['a recording in up', ['up', '--learn']],
  ['an unknown broadening', ['up', '--broadening', 'maybe']],
])('refuses %s', (_name, args) => {
  expect(() => parseServerArguments(args, false)).toThrow(expect.objectContaining({ code: 'server.usage' }))
})
