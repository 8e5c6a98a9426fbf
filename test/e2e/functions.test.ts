import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'

import { createCognitoFixture } from '../../packages/core/src/identity/testing/cognito-issuer.ts'
import { endAll, makeApp, recordsOf, type RunningServer, start, type TestApp, until } from './harness.ts'
import { type Answer, callFrom, inviteOutsiders, type Outsiders, type Shown } from './outsiders.ts'

let app: TestApp
let server: RunningServer
let press: Server
let alice: string
let outsiders: Outsiders
/** What the press was asked to print: the canary behind the door. */
const printed: string[] = []

before(async () => {
  app = await makeApp()
  outsiders = await inviteOutsiders(app)
  alice = await app.token('alice')
  press = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      printed.push(body)
      return response.end(`printed ${body}`)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => press.once('listening', resolve))
  const { port } = press.address() as AddressInfo // listening on TCP, so it is one
  server = await start(app, { environment: { PRESS_UPSTREAM: `http://127.0.0.1:${port}` } })
})
after(async () => {
  press.close()
  await endAll()
  app.remove()
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += String(part)
  return text
}

const print = (token: string) => server.send({ method: 'POST', path: '/pages', token, body: 'page' })
const call = (path: string) => server.send({ method: 'POST', path, token: alice })

/** Every way in which a function goes wrong: what the caller hears, and what the log tells the operator. */
const failures: readonly { does: string; path: string; status: number; code: RegExp; log: RegExp }[] = [
  { does: 'throws', path: '/trouble/throws', status: 502, code: /\.threw$/, log: /the notebook is upside down/ },
  { does: 'hangs', path: '/hurried/hangs', status: 504, code: /\.timed_out$/, log: /function\.timed_out: / },
  { does: 'spins', path: '/hurried/spins', status: 504, code: /\.timed_out$/, log: /function\.timed_out: / },
  { does: 'exits', path: '/trouble/exits', status: 502, code: /\.exited$/, log: /function\.exited: / },
  { does: 'returns 7 MB', path: '/trouble/returns7MB', status: 502, code: /\.output_too_large$/, log: /\d{7}/ },
  {
    does: 'eats memory',
    path: '/trouble/eatsMemory',
    status: 502,
    code: /\.out_of_memory$/,
    log: /function\.out_of_memory: /,
  },
]

for (const { does, path, status, code, log } of failures) {
  test(`a function that ${does}: the caller hears a code, the log says more, the others go on meanwhile`, async () => {
    const failing = call(path)
    const other = await print(alice)
    assert.deepEqual([other.status, other.text], [200, 'printed page'])
    const answer = await failing
    assert.equal(answer.status, status)
    assert.match(answer.code ?? '', code)
    assert.match(answer.id ?? '', /^[0-9a-f]{32}$/)
    assert.doesNotMatch(answer.text, /upside down|trouble\.ts| at /)
    await until('the log line', () => linesOf(answer.code ?? '').some((line) => log.test(line)))
    // On a busy machine its next box may take longer than the function has for a call.
    await until('it serves again', async () => (await call(path.replace(/\w+$/, 'answers'))).status === 200)
  })
}

/** What the platform said of this failure. */
function linesOf(code: string): readonly string[] {
  const lines = app.read('.sallyport/logs/output.ndjson').split('\n')
  return lines.filter((line) => line.includes('"stream":"platform"') && line.includes(`"text":"${code}: `))
}

test('a function that floods its output is heard, cut short, and harms nobody', async () => {
  const failing = call('/trouble/floods')
  assert.equal((await print(alice)).text, 'printed page')
  const flooded = await failing
  assert.equal(flooded.status, 200, flooded.text)
  const log = /"platform".*(lost|dropped|cut|too much)/
  await until('the log says so', () => log.test(app.read('.sallyport/logs/output.ndjson')))
  assert.equal((await call('/trouble/answers')).status, 200)
})

test('a token of the user pool that the manifest names is accepted, its groups are roles', async () => {
  assert.equal((await print(await app.pool.accessToken('erin', ['Writers']))).status, 200)
  assert.equal((await print(await app.pool.idToken('erin', ['Writers']))).code, 'token.type')
})

test('its groups decide: somebody in no group, or in another, is known and refused', async () => {
  for (const groups of [[], ['Readers']]) {
    const answer = await print(await app.pool.accessToken('erin', groups))
    assert.deepEqual([answer.status, answer.code], [403, 'route.role_missing'])
  }
})

test('a token of another pool, or of this one under another key, is refused before anything runs', async () => {
  const nowSeconds = (): number => Math.floor(Date.now() / 1000)
  const so = printed.length
  const other = await createCognitoFixture({ nowSeconds, userPool: 'eu-central-1_another' })
  assert.equal((await print(await other.accessToken('alice', ['Writers']))).status, 401)
  const twin = await createCognitoFixture({ nowSeconds, userPool: 'eu-central-1_notebook' })
  assert.equal((await print(await twin.accessToken('alice', ['Writers']))).status, 401)
  assert.equal((await print(await app.pool.accessToken('alice', ['Writers'], { client_id: 'another' }))).status, 401)
  assert.equal((await print(await app.pool.accessToken('alice', ['Writers'], { exp: nowSeconds() - 61 }))).status, 401)
  assert.equal(printed.length, so)
})

test('a route for anyone needs no token, and takes no bad one', async () => {
  assert.equal((await server.send({ path: '/version' })).text, 'one')
  assert.equal((await server.send({ path: '/version', token: 'forged' })).status, 401)
})

test('each writer reads only what is theirs', async () => {
  const bob = await app.token('bob')
  await server.send({ method: 'PUT', path: '/notes/diary', token: alice, body: 'dear diary' })
  assert.match((await server.send({ path: '/notes/diary', token: alice })).text, /dear diary/)
  assert.doesNotMatch((await server.send({ path: '/notes/diary', token: bob })).text, /dear/)
})

test('a function in Python goes through its door, and nowhere beside it', async () => {
  const pages = printed.length
  const send = (host: string) => server.send({ method: 'POST', path: `/snake/${host}`, token: alice, body: 'scales' })
  const through = await send('press.example')
  assert.deepEqual([through.status, through.text], [200, 'printed scales'])
  assert.deepEqual(printed.slice(pages), ['scales'])
  assert.equal((await send('elsewhere.example')).status, 599)
  assert.deepEqual(printed.slice(pages), ['scales'])
})

test('an answer that is streamed arrives whole', async () => {
  const told = await server.send({ path: '/tale', token: alice })
  assert.deepEqual([told.status, told.text], [200, 'once upon a time'])
})

/** Of a function that tells back the event that it was given. */
const eventAt = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const headers = { 'x-amzn-oidc-identity': 'mallory', 'x-note': 'a b', 'content-type': 'application/json' }
  const answer = await server.send({ method: 'POST', path, token: alice, headers, body: '{"x":1}' })
  assert.equal(answer.status, 203, answer.text)
  assert.deepEqual([answer.headers['x-told']].flat().join(', '), 'once, twice')
  assert.doesNotMatch(answer.text, new RegExp(alice.slice(-40)), 'the token stays outside')
  return JSON.parse(answer.text) as Readonly<Record<string, unknown>>
}

test('a function that was written for a REST API is given its event, payload format 1.0', async () => {
  const event = await eventAt('/rest/7?a=1&a=2')
  assert.partialDeepStrictEqual(event, {
    version: '1.0',
    resource: '/rest/{id}',
    path: '/rest/7',
    httpMethod: 'POST',
    headers: { 'x-note': 'a b' },
    multiValueHeaders: { 'x-note': ['a b'] },
    queryStringParameters: { a: '2' },
    multiValueQueryStringParameters: { a: ['1', '2'] },
    pathParameters: { id: '7' },
    requestContext: { authorizer: { principalId: 'pool:alice', roles: ['writer'] }, resourcePath: '/rest/{id}' },
    body: '{"x":1}',
    isBase64Encoded: false,
  })
})

test('a function that was written for a load balancer is given its event, and who it is by nobody but us', async () => {
  const event = await eventAt('/alb/7?a=1&b=%20')
  assert.partialDeepStrictEqual(event, {
    requestContext: { elb: { targetGroupArn: 'sallyport' } },
    path: '/alb/7',
    httpMethod: 'POST',
    headers: { 'x-note': 'a b', 'x-amzn-oidc-identity': 'pool:alice' },
    queryStringParameters: { a: '1', b: '%20' },
    body: '{"x":1}',
    isBase64Encoded: false,
  })
})

const tokenPath = '/.well-known/sallyport/token'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const exchanges = (token: string): string =>
  new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: token,
  }).toString()

test('a service calls a route by its SVID, or by a signature that is good once', async () => {
  const path = '/tale'
  assert.equal((await callFrom(server, { path, shown: outsiders.reports })).text, 'once upon a time')
  assert.equal((await callFrom(server, { path, shown: outsiders.impostor })).status, 401)
  const headers = await outsiders.signed(server, 'GET', path)
  assert.equal((await callFrom(server, { path, headers })).text, 'once upon a time')
  assert.equal((await callFrom(server, { path, headers })).body['code'], 'http-signature.replayed')
  const records = await recordsOf(app)
  const callers = records.flatMap((one) => (one.kind === 'decision' && one.effect === 'allow' ? [one.subjectName] : []))
  for (const name of ['service:reports', 'service:nightly']) assert.ok(callers.includes(name), name)
})

test('an SVID is exchanged for a token that is good with this SVID alone', async () => {
  const shown = outsiders.reports
  const body = 'grant_type=client_credentials'
  const given = await callFrom(server, { method: 'POST', path: tokenPath, headers: form, body, shown })
  assert.equal(given.status, 200, given.text)
  const headers = { authorization: `Bearer ${String(given.body['access_token'])}` }
  assert.equal((await callFrom(server, { path: '/tale', headers, shown })).status, 200)
  assert.equal((await callFrom(server, { path: '/tale', headers })).body['code'], 'token.certificate_missing')
})

test('a token of a pipeline is exchanged for one that is good with proofs of one key alone', async () => {
  const { gateway } = server.status
  const token = await outsiders.deploys(['writer'])
  const exchange = async (): Promise<Answer> => {
    const dpop = await outsiders.proof('POST', gateway + tokenPath)
    return callFrom(server, { method: 'POST', path: tokenPath, headers: { ...form, dpop }, body: exchanges(token) })
  }
  const unbound = { method: 'POST', path: tokenPath, headers: form, body: exchanges(token) }
  assert.equal((await callFrom(server, unbound)).body['code'], 'exchange.unbound')
  const given = await exchange()
  assert.equal(given.status, 200, given.text)
  assert.equal((await callFrom(server, { ...unbound, shown: outsiders.laptop })).body['code'], 'exchange.other_key')
  const bound = String(given.body['access_token'])
  const dpop = await outsiders.proof('GET', `${gateway}/tale`, bound)
  const headers = { authorization: `DPoP ${bound}`, dpop }
  assert.equal((await callFrom(server, { path: '/tale', headers })).text, 'once upon a time')
  assert.equal((await callFrom(server, { path: '/tale', headers })).body['code'], 'dpop.replayed')
  const stolen = { authorization: `Bearer ${bound}` }
  assert.equal((await callFrom(server, { path: '/tale', headers: stolen })).body['code'], 'token.sender_constrained')
})

test('a route for managed devices opens for a certificate of their authority, and for no copy of it', async () => {
  const headers = { authorization: `Bearer ${await outsiders.deploys(['keeper'])}` }
  const told = async (shown?: Shown): Promise<Answer> =>
    callFrom(server, { method: 'POST', path: '/tale', headers, ...(shown && { shown }) })
  assert.equal((await told(outsiders.laptop)).text, 'once upon a time')
  for (const shown of [undefined, outsiders.copy, outsiders.reports]) {
    assert.equal((await told(shown)).body['code'], 'route.device_unmanaged')
  }
})
