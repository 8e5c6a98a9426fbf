import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type BareRuntime, freshId, now, startRuntime, ticketOf, type Told } from '../testing/bare-runtime.ts'

const handler = `export const handler = globalThis.awslambda.streamifyResponse(async (event, stream) => {
  if (event.type !== undefined) stream.setContentType(event.type)
  if (event.bytes !== undefined) return void stream.end('x'.repeat(event.bytes))
  await new Promise((resolve) => stream.write('begun', resolve))
  if (event.fail !== undefined) throw Object.assign(new Error('late'), { name: event.fail })
  stream.end()
})
export const plain = async (event, { sallyport }) => (event.bytes ? 'x'.repeat(event.bytes) : sallyport.subject)
export default { fetch: async () => 'no Response' }
`
const pythonHandler = `def plain(event, context):
    return "x" * event["bytes"] if "bytes" in event else "served"
`

const folder = mkdtempSync(join(tmpdir(), 'sallyport-clients-'))
writeFileSync(join(folder, 'index.mjs'), handler)
writeFileSync(join(folder, 'index.py'), pythonHandler)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const clients = {
  'client.mjs': [process.execPath, fileURLToPath(new URL('./client.mjs', import.meta.url))],
  'client.py': ['/usr/bin/python3', fileURLToPath(new URL('./client.py', import.meta.url))],
} as const

/** Another last character that decodes to the same bytes: its two lowest bits are not part of them. */
function spelledOtherwise(ticket: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return ticket.slice(0, -1) + letters.charAt(letters.indexOf(ticket.slice(-1)) + 1)
}

const faults: readonly (readonly [what: string, of: (id: string, event: string) => string, code: RegExp])[] = [
  ['of another version', (...of) => ticketOf(...of).replace('v1.', 'v2.'), /^ticket\.malformed$/],
  ['with a fourth part', (...of) => `${ticketOf(...of)}.x`, /^ticket\.malformed$/],
  ['with half a tag', (...of) => ticketOf(...of).slice(0, -23), /^ticket\.(malformed|mac)$/],
  ['whose tag is spelled otherwise', (...of) => spelledOtherwise(ticketOf(...of)), /^ticket\.(malformed|mac)$/],
  ['of another key', (...of) => ticketOf(...of, {}, Buffer.alloc(32, 8)), /^ticket\.mac$/],
  ['that ends before it begins', (...of) => ticketOf(...of, { issuedAtSeconds: now() + 99 }), /^ticket\.malformed$/],
  ['that is good for long', (...of) => ticketOf(...of, { expiresAtSeconds: now() + 99 }), /^ticket\.malformed$/],
  [
    'that is over',
    (...of) => ticketOf(...of, { issuedAtSeconds: now() - 40, expiresAtSeconds: now() - 9 }),
    /^ticket\.expired$/,
  ],
  [
    'of tomorrow',
    (...of) => ticketOf(...of, { issuedAtSeconds: now() + 86_400, expiresAtSeconds: now() + 86_430 }),
    /^ticket\.not_yet_valid$/,
  ],
  ['for another function', (...of) => ticketOf(...of, { audience: 'function:app:other' }), /^ticket\.audience$/],
  ['for other code', (...of) => ticketOf(...of, { codeDigest: 'sha256-other' }), /^ticket\.code$/],
  ['for another event', (id) => ticketOf(id, '{"other":1}'), /^ticket\.body$/],
  ['of another attempt', (_, event) => ticketOf(freshId(), event), /^ticket\.replayed$/],
]

for (const client of ['client.mjs', 'client.py'] as const) {
  describe.skipIf(!existsSync(clients[client][0]))(`${client} (where its program is installed)`, () => {
    let runtime: BareRuntime
    beforeAll(async () => {
      runtime = await startRuntime(clients[client], folder, 'index.plain')
    }, 60_000)
    afterAll(() => runtime.close())

    for (const [what, of, code] of faults) {
      it(`${client} takes no ticket ${what}`, { timeout: 60_000 }, async () => {
        const [good, bad] = [freshId(), freshId()]
        expect(await runtime.give(good, '{}', ticketOf(good, '{}')), 'control').toMatchObject({
          verb: 'response',
          body: '"served"',
        })
        const { verb, body } = await runtime.give(bad, '{}', of(bad, '{}'))
        expect([verb, JSON.parse(body)]).toEqual([
          'error',
          expect.objectContaining({
            errorType: 'Sallyport.TicketRefused',
            errorMessage: expect.stringMatching(code),
          }),
        ])
      })
    }

    it(`${client} takes no ticket twice`, { timeout: 60_000 }, async () => {
      const id = freshId()
      const ticket = ticketOf(id, '{}')
      expect(await runtime.give(id, '{}', ticket), 'control').toMatchObject({ verb: 'response' })
      const { verb, body } = await runtime.give(id, '{}', ticket)
      expect([verb, JSON.parse(body)]).toMatchObject(['error', { errorMessage: 'ticket.replayed' }])
    })

    it(`${client} returns no more than six megabytes`, { timeout: 60_000 }, async () => {
      const ask = async (bytes: number): Promise<string> => {
        const [id, event] = [freshId(), JSON.stringify({ bytes })]
        const { verb, body } = await runtime.give(id, event, ticketOf(id, event))
        return verb === 'error' ? String(JSON.parse(body).errorType) : verb
      }
      expect(await ask(6 * 1024 * 1024 - 2), 'control').toBe('response')
      expect(await ask(6 * 1024 * 1024 - 1)).toBe('Function.ResponseSizeTooLarge')
    })
  })
}

describe('client.mjs with a handler that streams', () => {
  let runtime: BareRuntime
  beforeAll(async () => {
    runtime = await startRuntime(clients['client.mjs'], folder, 'index.handler')
  }, 60_000)
  afterAll(() => runtime.close())

  async function ask(event: object): Promise<Told> {
    const [id, text] = [freshId(), JSON.stringify(event)]
    return runtime.give(id, text, ticketOf(id, text))
  }

  it('takes no content type that holds a further header', { timeout: 60_000 }, async () => {
    expect(await ask({ type: 'text/plain', bytes: 3 }), 'control').toMatchObject({
      verb: 'response',
      body: 'xxx',
      headers: { 'content-type': 'text/plain' },
    })
    const { verb, body } = await ask({ type: 'text/plain\r\nx-more: 1', bytes: 3 })
    expect([verb, JSON.parse(body)]).toMatchObject(['error', { errorType: 'TypeError' }])
  })

  it('tells a late failure by a name that holds no further trailer', { timeout: 60_000 }, async () => {
    expect((await ask({ fail: 'Late' })).trailers, 'control').toMatchObject({
      'lambda-runtime-function-error-type': 'Late',
    })
    const { trailers } = await ask({ fail: 'Late\r\nX-More: 1' })
    expect(trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'Late__X-More:_1' })
    expect(trailers).not.toHaveProperty('x-more')
  })
})

it('client.mjs takes from a fetch function nothing but a Response', { timeout: 60_000 }, async () => {
  const runtime = await startRuntime(clients['client.mjs'], folder, 'index.default')
  try {
    const [id, event] = [freshId(), JSON.stringify({ httpMethod: 'GET', path: '/' })]
    const { verb, body } = await runtime.give(id, event, ticketOf(id, event))
    expect([verb, JSON.parse(body).errorMessage]).toEqual(['error', 'fetch must answer with a Response'])
  } finally {
    await runtime.close()
  }
})
