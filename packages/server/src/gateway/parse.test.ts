import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

import { expect, test } from 'vitest'

import { type Head, parseHead } from './parse.ts'

const authorities = new Set(['t'])

/** The head of a request as Node's parser hands it on. */
function read(url: string, ...headers: readonly string[]): Head {
  const message = new IncomingMessage(new Socket())
  const rawHeaders = headers.includes('host') ? [...headers] : ['host', 't', ...headers]
  return parseHead(Object.assign(message, { httpVersion: '1.1', method: 'GET', url, rawHeaders }), authorities)
}

for (const name of ['content-length', 'content-type', 'host', 'transfer-encoding']) {
  test(`of ${name} there is one`, () => {
    expect(read('/', name, 't', name, 't').fault?.code).toBe('request.duplicate_header')
    expect(read('/', 'accept', 'a', 'accept', 'b').headers.get('accept')).toBe('a, b')
  })
}

for (const [whose, names, kept] of [
  ['a proxy by the usual names', 'forwarded forwarded-for via remote-user remote-addr', 'forwarded-to'],
  ['a proxy by x- names', 'x-forwarded x-forwarded-for x-amzn-trace-id x-sallyport-user x-original-url', 'x-formed'],
  ['whoever knows an address', 'x-real-ip client-ip true-client-ip x-originating-addr fastly-client-ip', 'x-real'],
  ['a platform', 'cf-ray cloudfront-viewer-country x-envoy-peer x-azure-ref x-vercel-id x-nf-geo', 'x-none'],
  ['what signs people in', 'x-auth-request-user x-goog-iap-jwt x-ms-client-principal-id x-remote-name', 'x-auth'],
  ['what ends TLS', 'ssl-client-verify x-tls-client-cert x-client-cert x-client-cert-chain', 'x-client'],
  ['the method', 'x-http-method-override x-method-override x-http-method x-method', 'x-methods'],
  ['anybody in another spelling', 'x_forwarded_for x_real_ip Remote_User', 'x_kept'],
] as const) {
  test(`no client speaks for ${whose}`, () => {
    const given = [...names.split(' '), kept].flatMap((name) => [name, '1'])
    expect([...read('/', ...given).headers.keys()]).toEqual(['host', kept])
  })
}

for (const [what, path] of [
  ['an encoded slash', '/a%2Fb'],
  ['an encoded backslash', '/a%5cb'],
  ['an encoded zero', '/a%00b'],
  ['an encoded dot', '/a/%2E%2e/b'],
  ['an empty segment', '/a//b'],
  ['a parameter of a segment', '/a;b/c'],
  ['a backslash', '/a\\b'],
  ['a space', '/a b'],
  ['what is not ASCII', '/a\u{e9}b'],
  ['a segment of two dots', '/a/../b'],
  ['a segment of one dot at the end', '/a/.'],
  ['a percent sign that begins no character', '/a%ffb'],
  ['no slash at its start', 'a'],
  ['an origin before it', 'http://t/a'],
] as const) {
  test(`a path with ${what} is refused`, () => {
    expect(read(path).fault?.code).toBe('request.path')
    expect(read('/a%20b/c.d/..e?../%2f;//').fault).toBeUndefined()
  })
}

test('what belongs to the connection goes no further than it', () => {
  const names = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'accept']
  expect([...read('/', ...names.flatMap((name) => [name, 'x'])).headers.keys()]).toEqual(['host', 'accept'])
  expect([...read('/', 'transfer-encoding', 'chunked').headers.keys()]).toEqual(['host'])
})

test('evidence of who asks is no header', () => {
  const given = ['Authorization', 'Bearer a', 'DPoP', 'b', 'Sallyport-Device', 'c']
  const { headers, credentials, proofs, statements } = read('/', ...given)
  expect([[...headers.keys()], credentials, proofs, statements]).toEqual([['host'], ['Bearer a'], ['b'], ['c']])
})
