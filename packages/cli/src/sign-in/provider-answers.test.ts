import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { signIn, type SignedIn, type SignInOptions } from './sign-in.ts'

type Given = readonly [status: number, location: string | undefined, body?: string]

// The protocol alone: that no other authority is trusted shows where the provider speaks TLS.
let server: Server
let issuer: string
/** What the provider answers at a path, where it is not what an honest one would. */
let answers: Readonly<Record<string, Given>>
/** What it says in the answer that leads back, likewise; undefined takes a member away. */
let back: Readonly<Record<string, string | undefined>>

const page = '/interaction/i-1'
const tokens = { access_token: 'a-1', expires_in: 60, token_type: 'Bearer' }
let asked: string[]

beforeEach(async () => {
  ;[answers, back, asked] = [{}, {}, []]
  server = createServer((message, response) => {
    const { pathname, searchParams } = new URL(message.url ?? '', issuer)
    asked.push(pathname)
    if (pathname === '/auth') state = searchParams.get('state') ?? ''
    const [status, location, body = ''] = answers[pathname] ?? honest(pathname)
    message.resume().once('end', () => response.writeHead(status, location === undefined ? {} : { location }).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on an address
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

let state = ''
function honest(path: string): Given {
  if (path === '/auth' || path === `${page}/password`) return [303, page]
  if (path === '/token') return [200, undefined, JSON.stringify(tokens)]
  if (path !== `${page}/without-second-factor`) return [404, undefined]
  const query = new URLSearchParams()
  const said = { code: 'c-1', state, iss: issuer, ...back }
  for (const [key, value] of Object.entries(said)) if (value !== undefined) query.set(key, value)
  return [303, `http://127.0.0.1/callback?${query.toString()}`]
}

function alice(changes: Partial<SignInOptions> = {}): Promise<SignedIn> {
  const device = { id: 'd-1', privateJwk: {} }
  const details = { password: 'no secret', totpUri: 'otpauth://hotp/a?secret=AAAA&counter=1', device }
  const options = { issuerUrl: issuer, caPem: '', userName: 'alice', details, mfa: false, device: false }
  return signIn({ ...options, ...changes })
}

test('an honest provider gives a token', async () => {
  expect(await alice()).toMatchObject({ accessToken: 'a-1' })
})

describe('nothing is asked for with an answer', () => {
  test.each([
    ['to another sign-in', { state: 's-0' }, 'sign_in.protocol'],
    ['without state', { state: undefined }, 'sign_in.protocol'],
    ['of another issuer (RFC 9207)', { iss: 'https://id.example' }, 'sign_in.protocol'],
    ['that names no issuer', { iss: undefined }, 'sign_in.protocol'],
    ['without code', { code: undefined }, 'sign_in.protocol'],
    ['that is a refusal', { error: 'access_denied' }, 'sign_in.refused'],
  ])('%s', async (_, said, code) => {
    back = said
    await expect(alice()).rejects.toMatchObject({ code })
    expect(asked).not.toContain('/token')
  })
})

test.each([
  ['nothing', ''],
  ['what is no object', 'null'],
  ['no token', JSON.stringify({ ...tokens, access_token: undefined })],
  ['a token that ends nobody knows when', JSON.stringify({ ...tokens, expires_in: '60' })],
  ['a token that is cut short', '{"access_token":"the-token-itself'],
])('for a code, %s is no sign-in, and is not quoted', async (_, body) => {
  answers = { '/token': [200, undefined, body] }
  await expect(alice()).rejects.toMatchObject({
    code: 'sign_in.protocol',
    message: expect.not.stringContaining('the-token'),
  })
})

test.each<readonly [string, Readonly<Record<string, Given>>, string, string]>([
  ['a code that is not exchanged', { '/token': [400, undefined, 'invalid_grant'] }, 'refused', 'not exchanged'],
  ['no page to sign in at', { '/auth': [200, undefined, '<h1>Closed</h1>'] }, 'refused', 'Closed'],
  ['no reason', { '/auth': [200, undefined] }, 'refused', 'the provider gave no reason'],
  ['a wrong password', { [`${page}/password`]: [403, undefined, '<p role="alert">Not so</p>'] }, 'refused', 'Not so'],
  ['a way round and round', { '/auth': [303, '/auth'] }, 'protocol', 'without end'],
  [
    'an end before it began',
    { '/auth': [303, 'http://127.0.0.1/callback?error=x&error_description=over'] },
    'refused',
    'over',
  ],
])('%s is told', async (_, given, code, words) => {
  answers = given
  await expect(alice()).rejects.toMatchObject({ code: `sign_in.${code}`, message: expect.stringContaining(words) })
})

test('a second factor that was to be proved is not left out', async () => {
  await expect(alice({ mfa: true })).rejects.toMatchObject({ message: expect.stringContaining('is not TOTP') })
  answers = { [`${page}/password`]: honest(`${page}/without-second-factor`) }
  await expect(alice({ mfa: true })).rejects.toMatchObject({
    message: expect.stringContaining('no second factor is enrolled'),
  })
  expect(asked).not.toContain('/token')
})

test('a code that is refused for more than being wrong is not followed by another', async () => {
  const device = { id: 'd-1', privateJwk: {} }
  const details = { password: 'no secret', totpUri: 'otpauth://totp/a?secret=AAAA', device }
  answers = { [`${page}/code`]: [429, undefined, '<p role="alert">Too many attempts</p>'] }
  await expect(alice({ mfa: true, details })).rejects.toMatchObject({
    code: 'sign_in.refused',
    message: expect.stringContaining('Too many attempts'),
  })
  expect(asked.filter((path) => path === `${page}/code`)).toHaveLength(1)
})
