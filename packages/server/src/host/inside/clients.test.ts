import { execFileSync, spawn } from 'node:child_process'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

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
}
export const handler = (event, context, callback) => ways[event.form](event, context, callback)
`
const pythonHandler = `def plain(event, context):
    return "x" * event["bytes"] if "bytes" in event else "served"
`

const folder = mkdtempSync(join(tmpdir(), 'sallyport-clients-'))
writeFileSync(join(folder, 'index.mjs'), handler)
writeFileSync(join(folder, 'forms.mjs'), forms)
writeFileSync(join(folder, 'index.py'), pythonHandler)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = Buffer.alloc(32, 7)
const whose = { audience: 'function:app:probe', codeDigest: 'sha256-code' }
const clients = {
  'client.mjs': [process.execPath, fileURLToPath(new URL('./client.mjs', import.meta.url))],
  'client.py': ['/usr/bin/python3', fileURLToPath(new URL('./client.py', import.meta.url))],
} as const

interface Told {
  readonly verb: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
  readonly trailers: IncomingMessage['trailers']
}

/** A runtime without a box, and the host's side of its Runtime API. */
interface Runtime {
  give(id: string, event: string, ticket: string): Promise<Told>
  close(): Promise<void>
}

async function startRuntime(client: keyof typeof clients, name: string): Promise<Runtime> {
  let next = Promise.withResolvers<ServerResponse>()
  let told = Promise.withResolvers<Told>()
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.method === 'GET') return next.resolve(response)
    let body = ''
    request.setEncoding('latin1').on('data', (chunk) => (body += String(chunk)))
    request.once('end', () => {
      response.writeHead(202, { 'content-length': 0 }).end()
      const { headers, trailers } = request
      told.resolve({ verb: request.url?.split('/').at(-1) ?? '', body, headers, trailers })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const [program, file] = clients[client]
  const env = {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    AWS_LAMBDA_FUNCTION_NAME: 'probe',
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: 'probe',
    AWS_LAMBDA_LOG_STREAM_NAME: 'probe',
    LAMBDA_TASK_ROOT: folder,
    PYTHONDONTWRITEBYTECODE: '1',
    _HANDLER: name,
  }
  const child = spawn(program, [file], { env, stdio: ['pipe', 'ignore', 'ignore'] })
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.stdin.end(JSON.stringify({ key: key.toString('base64url'), ...whose }))
  return {
    give: async (id, event, ticket) => {
      const response = await next.promise
      next = Promise.withResolvers()
      told = Promise.withResolvers()
      response.writeHead(200, {
        'content-length': Buffer.byteLength(event),
        'lambda-runtime-aws-request-id': id,
        'lambda-runtime-deadline-ms': Date.now() + 60_000,
        'lambda-runtime-invoked-function-arn': 'arn:probe',
        'lambda-runtime-sallyport-ticket': ticket,
      })
      response.end(event)
      return told.promise
    },
    close: async () => {
      child.kill('SIGKILL')
      await gone
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const now = (): number => Math.floor(Date.now() / 1_000)

function ticketOf(id: string, event: string, changed: Readonly<Record<string, unknown>> = {}, by = key): string {
  const claims = {
    ...whose,
    subject: 'served',
    bodySha256: createHash('sha256').update(event).digest('hex'),
    attempt: id,
    issuedAtSeconds: now(),
    expiresAtSeconds: now() + 60,
    ...changed,
  }
  const signed = `v1.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${createHmac('sha256', by).update(signed).digest('base64url')}`
}

let ids = 0
const freshId = (): string => String((ids += 1)).padStart(32, '0')

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
    let runtime: Runtime
    beforeAll(async () => {
      runtime = await startRuntime(client, 'index.plain')
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

describe('a client that has taken as many tickets as it can remember', () => {
  const most = 100_000
  const id = freshId()

  it('client.mjs refuses the next one rather than forget one that may come again', () => {
    const source = readFileSync(fileURLToPath(new URL('./client.mjs', import.meta.url)), 'utf8')
    const functions = source.slice(source.indexOf('function acceptTicket('), source.indexOf('/**\n * Adds to every'))
    const takeAfter = (taken: number): unknown => {
      const seen = new Map(Array.from({ length: taken }, (_, at) => [`t${at}`, now() + 60]))
      const around = {
        identity: { macKey: key, ...whose },
        seen,
        Buffer,
        createHash,
        createHmac,
        timingSafeEqual,
        Date,
      }
      const given = { ...around, parse: JSON.parse, ticket: ticketOf(id, '{}'), body: Buffer.from('{}'), id }
      return runInNewContext(`${functions}; acceptTicket(ticket, body, id).attempt`, given)
    }
    expect(takeAfter(most - 1), 'control').toBe(id)
    expect(() => takeAfter(most)).toThrow('ticket.replay_memory_full')
  })

  const [python, file] = clients['client.py']
  it.skipIf(!existsSync(python))(
    'client.py refuses the next one (where Python is installed)',
    { timeout: 60_000 },
    () => {
      const script = `
import base64, importlib.util, json, sys, time
spec = importlib.util.spec_from_file_location("client", sys.argv[1])
client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(client)
handed = {"key": base64.b64decode(sys.argv[2]), **json.loads(sys.argv[3])}
for taken in (${most - 1}, ${most}):
    seen = {f"t{at}": time.time() + 60 for at in range(taken)}
    try:
        print(client.accept_ticket(sys.argv[4], b"{}", sys.argv[5], handed, seen)["attempt"])
    except client.Refused as refused:
        print(refused)
`
      const given = [file, key.toString('base64'), JSON.stringify(whose), ticketOf(id, '{}'), id]
      const env = { PYTHONDONTWRITEBYTECODE: '1' }
      const said = execFileSync(python, ['-c', script, ...given], { env, encoding: 'utf8' })
      expect(said.trim().split('\n')).toEqual([id, 'ticket.replay_memory_full'])
    },
  )
})

describe('client.mjs with a handler that streams', () => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = await startRuntime('client.mjs', 'index.handler')
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

describe('client.mjs', () => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = await startRuntime('client.mjs', 'forms.handler')
  }, 60_000)
  afterAll(() => runtime.close())

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
  ] as const) {
    it(`takes an answer by ${form}`, { timeout: 60_000 }, async () => {
      const [id, event] = [freshId(), JSON.stringify({ form })]
      const told = await runtime.give(id, event, ticketOf(id, event))
      expect({ verb: told.verb, body: JSON.parse(told.body) }).toMatchObject({ verb, body })
    })
  }
})

it('client.mjs takes from a fetch function nothing but a Response', { timeout: 60_000 }, async () => {
  const runtime = await startRuntime('client.mjs', 'index.default')
  try {
    const [id, event] = [freshId(), JSON.stringify({ httpMethod: 'GET', path: '/' })]
    const { verb, body } = await runtime.give(id, event, ticketOf(id, event))
    expect([verb, JSON.parse(body).errorMessage]).toEqual(['error', 'fetch must answer with a Response'])
  } finally {
    await runtime.close()
  }
})
