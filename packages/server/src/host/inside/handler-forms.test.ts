import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type BareRuntime, freshId, startRuntime, ticketOf } from '../testing/bare-runtime.ts'

const forms = `
const ways = {
  promise: async () => 'promised',
  callback: (event, context, callback) => void setTimeout(callback, 5, null, 'called'),
  'callback that works on': (event, context, callback) => {
    const done = []
    setTimeout(() => done.push('work'), 30)
    callback(null, done)
  },
  'callback that waits for nothing': (event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false
    const done = []
    const timer = setTimeout(() => done.push('work'), 600_000)
    setTimeout(() => clearTimeout(timer), 200) // or it would hold up those that come after
    callback(null, done)
  },
  'callback with an error': (event, context, callback) => callback(new RangeError('refused')),
  'callback with a text': (event, context, callback) => callback('refused'),
  succeed: (event, context) => void setTimeout(() => context.succeed('told'), 5),
  fail: (event, context) => void setTimeout(() => context.fail(new RangeError('failed')), 5),
  'fail without a word': (event, context) => context.fail(),
  done: (event, context) => context.done(null, 'done'),
  'nothing, after some time': () => void setTimeout(() => {}, 5),
  'a value': () => 'returned',
  'a throw that is no error': () => { throw { code: 7 } },
  'a cause below a cause': async () => {
    const refused = new AggregateError([new Error('connect ECONNREFUSED ::1'), 'connect refused'], '')
    throw new TypeError('fetch failed', { cause: new Error('could not connect', { cause: refused }) })
  },
  'a cause of its own': async () => {
    const error = new Error('round')
    error.cause = error
    throw error
  },
}
export const handler = (event, context, callback) => ways[event.form](event, context, callback)
`
const client = [process.execPath, fileURLToPath(new URL('./client.mjs', import.meta.url))] as const
const folder = mkdtempSync(join(tmpdir(), 'sallyport-forms-'))
writeFileSync(join(folder, 'forms.mjs'), forms)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a handler for Node', () => {
  let runtime: BareRuntime
  beforeAll(async () => {
    runtime = await startRuntime(client, folder, 'forms.handler')
  }, 60_000)
  afterAll(() => runtime.close())

  it('tells below an error what it says of its causes, and no frame of its runtime', { timeout: 60_000 }, async () => {
    const [id, event] = [freshId(), JSON.stringify({ form: 'a cause below a cause' })]
    const { body } = await runtime.give(id, event, ticketOf(id, event))
    const { errorMessage, stackTrace } = JSON.parse(body) as { errorMessage: string; stackTrace: readonly string[] }
    expect(errorMessage).toBe('fetch failed')
    const causes = stackTrace.filter((line) => line.startsWith('[cause]: '))
    expect(causes.map((line) => line.slice(9))).toEqual([
      'Error: could not connect',
      'AggregateError',
      'Error: connect ECONNREFUSED ::1',
      'connect refused',
    ])
    expect(stackTrace[0]).toContain('forms.mjs')
    expect(stackTrace.join()).not.toContain('client.mjs')
  })

  for (const [form, verb, body] of [
    ['promise', 'response', 'promised'],
    ['callback', 'response', 'called'],
    ['callback that works on', 'response', ['work']],
    ['callback that waits for nothing', 'response', []],
    ['callback with an error', 'error', { errorType: 'RangeError', errorMessage: 'refused' }],
    ['callback with a text', 'error', { errorType: 'string', errorMessage: 'refused' }],
    ['succeed', 'response', 'told'],
    ['fail', 'error', { errorType: 'RangeError', errorMessage: 'failed' }],
    ['fail without a word', 'error', { errorMessage: 'handled' }],
    ['done', 'response', 'done'],
    ['nothing, after some time', 'response', null],
    ['a value', 'response', 'returned'],
    ['a throw that is no error', 'error', { errorType: 'object' }],
    ['a cause of its own', 'error', { errorType: 'Error', errorMessage: 'round' }],
  ] as const) {
    it(`takes an answer by ${form}`, { timeout: 60_000 }, async () => {
      const [id, event] = [freshId(), JSON.stringify({ form })]
      const told = await runtime.give(id, event, ticketOf(id, event))
      expect({ verb: told.verb, body: JSON.parse(told.body) }).toMatchObject({ verb, body })
    })
  }
})
