import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'
import { httpCallIn } from './invoke.ts'
import { parsePort } from './port-flags.ts'

let app: ReturnType<typeof appWith>
beforeEach(() => {
  app = appWith({ 'sallyport.yaml': 'app: checkout\n' })
})
afterEach(() => app.remove())

test.each(['', ' 80', '-1', '1e3', '0x50', '65536', '123456'])('%j is no port', (text) => {
  expect([parsePort('0'), parsePort('65535')]).toEqual([0, 65_535])
  expect(() => parsePort(text)).toThrow(RangeError)
})

test('a uid is a number, and nothing that begins as one', async () => {
  for (const text of ['root', '1000x', '-1', '12345678901']) {
    const { stderr, exitCode } = await type(['up', '--uids', text], { cwd: app.folder })
    expect([stderr, exitCode], text).toEqual([expect.stringContaining(`${text} is no uid`), 2])
  }
})

test('a secret of nothing is not set', async () => {
  for (const input of ['', '\n', '\r\n']) {
    const { stderr, exitCode } = await type(['secret', 'set', 'stripe-key'], { cwd: app.folder, input })
    expect([stderr, exitCode]).toEqual([expect.stringContaining('held no value'), 2])
  }
})

describe('an event', () => {
  const call = { requestContext: { http: { method: 'GET' } }, rawPath: '/orders' }

  test.each<readonly [string, unknown, object | undefined]>([
    ['of a route', call, { method: 'GET', path: '/orders', headers: {} }],
    ['with a query', { ...call, rawQueryString: 'a=1' }, { path: '/orders?a=1' }],
    ['with an empty query', { ...call, rawQueryString: '' }, { path: '/orders' }],
    ['with a body in base64', { ...call, body: 'AQI=', isBase64Encoded: true }, { body: Buffer.from([1, 2]) }],
    ['of no route', { a: 1 }, undefined],
    ['that is a list', [call], undefined],
    ['that is null', null, undefined],
    ['whose context is a text', { requestContext: 'http' }, undefined],
  ])('%s is read', (_, event, wanted) => {
    const read = httpCallIn(event)
    if (wanted === undefined) expect(read).toBeUndefined()
    else expect(read).toMatchObject(wanted)
  })

  test.each([
    ['without a method', { ...call, requestContext: { http: {} } }],
    ['with a method in small letters', { ...call, requestContext: { http: { method: 'get' } } }],
    ['without a path', { ...call, rawPath: undefined }],
    ['with a path that is none', { ...call, rawPath: 'https://evil.example/' }],
  ])('%s is refused', (_, event) => {
    expect(() => httpCallIn(event)).toThrow(expect.objectContaining({ code: 'cli.bad_event' }))
  })

  test.each([
    ['no JSON', Buffer.from('{'), 'it is not JSON'],
    ['no text', Buffer.from([0x22, 0xff, 0x22]), 'it is not UTF-8'],
    ['not there', undefined, 'it is not there'],
  ])('in a file that is %s is told so', async (_, bytes, why) => {
    if (bytes !== undefined) writeFileSync(join(app.folder, 'event.json'), bytes)
    const { stderr } = await type(['invoke', 'orders', 'event.json'], { cwd: app.folder })
    expect(stderr).toContain(why)
    expect(stderr).toContain('(cli.bad_event)')
  })
})
