import { expect, test } from 'vitest'

import { type Head, readHead } from './head.ts'
import type { Incoming } from '../../parser/index.ts'

const host = ['Host', 'api.stripe.com']
const incoming: Incoming = {
  scheme: 'https',
  protocol: '1.1',
  serverName: 'api.stripe.com',
  method: 'POST',
  target: '/v1/payment_intents?limit=1',
  rawHeaders: host,
  localAddress: '10.0.0.1',
  body: { kind: 'whole', bytes: new Uint8Array() },
  proceed: () => undefined,
}
const read = (changes: Partial<Incoming> = {}): Head => readHead({ ...incoming, ...changes })

test('the head of an exit is read, path and query apart, names in lower case', () => {
  const { fault, host: named, path, query, headers, contentLength } = read({ rawHeaders: [...host, 'X-A', ' b '] })
  expect([fault, named, path, query]).toEqual([undefined, 'api.stripe.com', '/v1/payment_intents', '?limit=1'])
  expect([...headers]).toEqual([
    ['host', 'api.stripe.com'],
    ['x-a', 'b'],
  ])
  const stated = read({ rawHeaders: [...host, 'Content-Length', '3'] })
  expect([contentLength, stated.contentLength]).toEqual([undefined, 3])
})

test('a target of absolute form is the path behind its authority', () => {
  const targets = ['https://api.stripe.com/v1?a', 'HTTPS://API.stripe.com?a', 'https://api.stripe.com']
  expect(targets.map((target) => read({ target })).map(({ fault, path, query }) => [fault, path, query])).toEqual([
    [undefined, '/v1', '?a'],
    [undefined, '/', '?a'],
    [undefined, '/', ''],
  ])
})

test('cookies may come in crumbs in HTTP/2, and once in HTTP/1.1', () => {
  const crumbs = [...host, 'cookie', 'a=1', 'cookie', 'b=2']
  expect(read({ protocol: '2', rawHeaders: crumbs }).fault).toBeUndefined()
  expect(read({ rawHeaders: crumbs }).fault?.code).toBe('request.duplicate_header')
})

test('what belongs to the connection ends with it', () => {
  const named = ['Connection', 'X-a, upgrade,close', 'X-A', '1', 'X-B', '2', 'Upgrade', 'websocket']
  expect([...read({ rawHeaders: [...host, ...named] }).headers.keys()]).toEqual([
    'host',
    'connection',
    'x-b',
    'upgrade',
  ])
})

// By itself: the manifest's matcher, which stands behind this, refuses paths of its own.
const faults: readonly (readonly [string, Partial<Incoming>, string])[] = [
  ['with dot segments', { target: '/v1/../x' }, 'door.path'],
  ['that ends in dots', { target: '/v1/..' }, 'door.path'],
  ['with a doubled slash', { target: '/v1//x' }, 'door.path'],
  ['with an encoded slash', { target: '/v1%2fx' }, 'door.path'],
  ['with encoded dots', { target: '/v1/%2E%2e/x' }, 'door.path'],
  ['with a backslash', { target: '/v1\\x' }, 'door.path'],
  ['with a semicolon', { target: '/v1;x' }, 'door.path'],
  ['with a fragment', { target: '/v1?a#b' }, 'door.path'],
  ['with a space in its query', { target: '/v1?a b' }, 'door.path'],
  ['with half a letter', { target: '/v1/%zz' }, 'door.path'],
  ['of absolute form with another host', { target: 'https://evil.example/v1' }, 'door.host_mismatch'],
  ['of absolute form with another scheme', { target: 'http://api.stripe.com/v1' }, 'door.path'],
  ['of absolute form in HTTP/2', { protocol: '2', target: 'https://api.stripe.com/v1' }, 'door.path'],
  ['of no path', { target: '*' }, 'door.path'],
  ['by a method that is none', { method: 'TRACE' }, 'request.malformed'],
  ['without a host', { rawHeaders: [] }, 'request.malformed'],
  ['for a host with a name in front', { rawHeaders: ['Host', 'me@api.stripe.com'] }, 'request.malformed'],
  ['for another host', { rawHeaders: ['Host', 'evil.example'] }, 'door.host_mismatch'],
  ['with two hosts', { rawHeaders: [...host, ...host] }, 'request.duplicate_header'],
  [
    'of two lengths',
    { rawHeaders: [...host, 'Content-Length', '1', 'Content-Length', '1'] },
    'request.duplicate_header',
  ],
  ['whose connection names its host', { rawHeaders: [...host, 'Connection', 'close, Host'] }, 'request.framing'],
  [
    'whose connection names the kind of its body',
    { rawHeaders: [...host, 'Connection', 'content-type'] },
    'request.framing',
  ],
  ['of a coding that is not known', { rawHeaders: [...host, 'Transfer-Encoding', 'gzip, chunked'] }, 'request.framing'],
  [
    'with a length beside its chunks',
    { rawHeaders: [...host, 'Transfer-Encoding', 'chunked', 'Content-Length', '1'] },
    'request.framing',
  ],
  [
    'of two authorities',
    { protocol: '2', rawHeaders: [':authority', 'api.stripe.com', ':authority', 'api.stripe.com'] },
    'request.duplicate_header',
  ],
  ['of another scheme', { protocol: '2', rawHeaders: [':scheme', 'http', ...host] }, 'request.framing'],
  [
    'of an authority beside another host',
    { protocol: '2', rawHeaders: [':authority', 'api.stripe.com', 'host', 'evil.example'] },
    'request.duplicate_header',
  ],
]
for (const [what, changes, code] of faults) {
  test(`an exit ${what} has a fault`, () => {
    expect(read().fault).toBeUndefined()
    expect(read(changes).fault?.code).toBe(code)
  })
}
