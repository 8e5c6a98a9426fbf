import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import aws4 from 'aws4'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type Answer, audience, type ExchangeHarness, nameOf, openExchange } from '../testing/harness.ts'
import { askAws } from './ask-aws.ts'
import { roleOf } from './caller-identity.ts'
import { exchangeWords } from './form.ts'

const host = 'sts.eu-central-1.amazonaws.com'
const body = 'Action=GetCallerIdentity&Version=2011-06-15'
const credential = { accessKeyId: 'ASIAEXAMPLEEXAMPLE00', secretAccessKey: 'a secret', sessionToken: 'session' }
const arnOf = (role: string): string => `arn:aws:sts::123456789012:assumed-role/${role}/i-0123`

/** AWS as it answers: it knows the caller by the signature, and gives back who that is. */
interface FakeAws {
  readonly seen: { readonly headers: Readonly<Record<string, unknown>>; readonly body: string }[]
  answer: { status: number; text: string; location?: string }
}

let server: Server
let aws: FakeAws
let harness: ExchangeHarness

const identity = (arn: string): string =>
  JSON.stringify({
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { Account: '123456789012', Arn: arn, UserId: 'AROA:i-0123' },
    },
  })

beforeEach(async () => {
  aws = { seen: [], answer: { status: 200, text: identity(arnOf('invoices')) } }
  server = createServer((message, response) => {
    let text = ''
    message.on('data', (part) => (text += String(part)))
    message.on('end', () => {
      aws.seen.push({ headers: message.headers, body: text })
      const { status, location } = aws.answer
      response.writeHead(status, location === undefined ? {} : { location }).end(aws.answer.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on an address
  harness = await openExchange({ askAws: (request) => askAws(request, `http://127.0.0.1:${port}`) })
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

/** What a Lambda function signs with the credential that it was started with. */
function signed(changes: Readonly<Record<string, string | undefined>> = {}, options: { region?: string } = {}): object {
  const { region = 'eu-central-1' } = options
  const headers = {
    Host: host,
    'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
    'X-Amz-Date': new Date(harness.clock.now).toISOString().replaceAll(/[-:]|\.\d+/g, ''),
    'X-Sallyport-Audience': audience,
    'X-Sallyport-Key': harness.client.thumbprint,
    ...changes,
  }
  const kept = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  const request = aws4.sign(
    { host, service: 'sts', region, method: 'POST', path: '/', body, headers: kept },
    credential,
  )
  const texts = Object.entries(request.headers ?? {}).map(([name, value]) => [name, String(value)])
  return { headers: Object.fromEntries(texts), body }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function ask(value: unknown): Promise<Answer> {
  const form = {
    grant_type: exchangeWords.exchange,
    subject_token_type: exchangeWords.awsCallerIdentity,
    subject_token: typeof value === 'string' ? value : encode(value),
  }
  return harness.ask(form, { proofs: [await harness.proof()] })
}

const codeOf = ({ body: said, status }: Answer): unknown => (status === 200 ? 'given' : said['code'])

test('a role at AWS is known by the request that it signed, as AWS answers it', async () => {
  const answer = await ask(signed())
  expect(answer.body).toMatchObject({ token_type: 'DPoP', expires_in: 300 })
  const token = String(answer.body['access_token'])
  const target = { method: 'GET', url: 'https://localhost:8443/invoices' }
  const proof = await harness.client.proof({ ...target, accessToken: token, now: harness.clock.now / 1_000 })
  const subject = await harness.authenticate({ credentials: [`DPoP ${token}`], proofs: [proof], target })
  expect(nameOf(subject)).toBe('arn:sallyport:identity:checkout::user/service:invoices')
  // What AWS was sent is what the caller signed, to the byte.
  expect(aws.seen).toHaveLength(1)
  expect(aws.seen[0]?.body).toBe(body)
  expect(aws.seen[0]?.headers).toMatchObject({ host, 'x-amz-security-token': 'session', accept: 'application/json' })
})

describe('AWS is not even asked', () => {
  const headersOf = (value: object): Readonly<Record<string, string>> => Reflect.get(value, 'headers')
  const authorizationOf = (value: object): string => headersOf(value)['Authorization'] ?? ''
  const changed = (changes: object): object => {
    const made = signed()
    return { ...made, headers: { ...headersOf(made), ...changes } }
  }
  const cases: readonly [what: string, code: string, value: () => unknown][] = [
    ['garbage', 'caller-identity.malformed', () => 'garbage'],
    ['what is no JSON', 'caller-identity.malformed', () => Buffer.from('{').toString('base64url')],
    ['a member more', 'caller-identity.malformed', () => ({ ...signed(), url: 'https://evil.example' })],
    ['another action', 'caller-identity.malformed', () => ({ ...signed(), body: 'Action=AssumeRole' })],
    ['a header that is no text', 'caller-identity.malformed', () => changed({ 'content-type': 1 })],
    ['a header with a line in it', 'caller-identity.malformed', () => changed({ 'content-type': 'a\r\nb: c' })],
    ['a header in two spellings', 'caller-identity.malformed', () => changed({ host, HOST: host })],
    ['a header that is not needed', 'caller-identity.header', () => changed({ 'x-forwarded-host': 'a' })],
    ['another host', 'caller-identity.host', () => signed({ Host: 'sts.evil.example' })],
    ['a region that is not the host', 'caller-identity.malformed', () => signed({}, { region: 'us-east-1' })],
    ['no audience', 'caller-identity.unsigned_header', () => signed({ 'X-Sallyport-Audience': undefined })],
    ['no key', 'caller-identity.unsigned_header', () => signed({ 'X-Sallyport-Key': undefined })],
    [
      'an audience that was added later',
      'caller-identity.unsigned_header',
      () => {
        const made = signed({ 'X-Sallyport-Audience': undefined })
        return { ...made, headers: { ...headersOf(made), 'X-Sallyport-Audience': audience } }
      },
    ],
    ['a request for another server', 'caller-identity.audience', () => signed({ 'X-Sallyport-Audience': 'urn:x' })],
    ["another caller's request", 'caller-identity.other_key', () => signed({ 'X-Sallyport-Key': 'A'.repeat(43) })],
    ['one of five minutes ago', 'caller-identity.expired', () => signed({ 'X-Amz-Date': amzDate(-301) })],
    ['one of the future', 'caller-identity.expired', () => signed({ 'X-Amz-Date': amzDate(301) })],
    [
      'one under a scope of another day',
      'caller-identity.malformed',
      () => changed({ Authorization: authorizationOf(signed()).replace(/\/\d{8}\//, '/20200101/') }),
    ],
    [
      'one of an hour that no day has',
      'caller-identity.malformed',
      () => changed({ 'X-Amz-Date': amzDate(0).replace(/T.*/, 'T250000Z') }),
    ],
    ['more than 8 KiB', 'caller-identity.malformed', () => changed({ 'content-type': 'a'.repeat(8_192) })],
    ['no signature', 'caller-identity.malformed', () => changed({ Authorization: 'Basic YTpi' })],
  ]
  const amzDate = (seconds: number): string =>
    new Date(harness.clock.now + seconds * 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  for (const [what, code, value] of cases) {
    test(`for ${what}`, async () => {
      expect(codeOf(await ask(value()))).toBe(code)
      expect(aws.seen).toEqual([])
    })
  }

  test('more often than it may be', async () => {
    harness = await openExchange({ mayAskAws: () => false })
    expect(codeOf(await ask(signed()))).toBe('exchange.busy')
  })
})

describe("AWS's word counts", () => {
  const cases: readonly [what: string, code: string, answer: FakeAws['answer']][] = [
    ['that it is nobody', 'caller-identity.refused', { status: 403, text: identity(arnOf('invoices')) }],
    [
      'that it is a user',
      'caller-identity.refused',
      { status: 200, text: identity('arn:aws:iam::123456789012:user/a') },
    ],
    [
      'only where account and name agree',
      'caller-identity.refused',
      { status: 200, text: identity('arn:aws:sts::999999999999:assumed-role/invoices/i-1') },
    ],
    ['of a role that is not written down', 'service.unlisted', { status: 200, text: identity(arnOf('other')) }],
    ['only as the JSON that it is', 'caller-identity.refused', { status: 200, text: '<xml/>' }],
    ['not when it has none', 'caller-identity.unavailable', { status: 503, text: '' }],
    ['not at great length', 'caller-identity.unavailable', { status: 200, text: 'x'.repeat(20_000) }],
    [
      'not when it is somewhere else',
      'caller-identity.refused',
      { status: 307, text: '', location: 'http://127.0.0.1:9/' },
    ],
  ]
  for (const [what, code, answer] of cases) {
    test(what, async () => {
      aws.answer = answer
      expect(codeOf(await ask(signed()))).toBe(code)
      expect(aws.seen).toHaveLength(1)
    })
  }
})

test('a session is of a role, by account and name', () => {
  const of = (arn: string): string | undefined => roleOf(Buffer.from(identity(arn)))
  expect(of(arnOf('invoices'))).toBe('arn:aws:iam::123456789012:role/invoices')
  expect(of('arn:aws:sts::123456789012:assumed-role/a/b/c')).toBeUndefined()
  expect(of('arn:aws:sts::123456789012:federated-user/a')).toBeUndefined()
})
