import { expect, it } from 'vitest'

import { SallyportError } from '@sallyport/core/access'

import { readOptions, wordsOf } from './options.ts'

it('the ports of the documents are taken unless others are said', () => {
  expect(readOptions([])).toEqual({ once: false, port: 8443, issuerPort: 8444 })
  expect(readOptions(['--once', '--port', '0', '--issuer-port=9444'])).toEqual({
    once: true,
    port: 0,
    issuerPort: 9444,
  })
})

it.each([
  [['--prot', '1'], "Unknown option '--prot'"],
  [['--port'], "Option '--port <value>' argument missing"],
  [['--port', 'x'], '--port takes a port from 0 to 65535, not "x".'],
  [['--issuer-port', '65536'], '--issuer-port takes a port from 0 to 65535, not "65536".'],
  [['--port', '0x50'], '--port takes a port from 0 to 65535, not "0x50".'],
  [['examples'], "Unexpected argument 'examples'"],
])('what npm start does not know is told with what it does: %j', (args, words) => {
  const thrown = (() => {
    try {
      return readOptions(args)
    } catch (error) {
      return error
    }
  })()
  expect(thrown).toBeInstanceOf(SallyportError)
  expect(wordsOf(thrown)).toContain(`error cli.usage: ${words}`)
  expect(wordsOf(thrown)).toMatch(/\nnpm start -- \[--once\] \[--port N\] \[--issuer-port N\]$/)
})

it('a port that is taken is told with the ports that are not', () => {
  const taken = new SallyportError('attack.app', 'it ended (2):\nerror server.port_in_use: Port 8443 is taken.\n')
  expect(wordsOf(taken)).toMatch(/taken\.\n[^\n]*npm start -- --port 0 --issuer-port 0$/)
})

it('what nobody foresaw is told with where it was', () => {
  expect(wordsOf(new TypeError('x'))).toMatch(/^TypeError: x\n {4}at /)
  expect(wordsOf(new SallyportError('attack.app', 'it ended'))).toBe('error attack.app: it ended')
})
