import { describe, expect, it } from 'vitest'

import { forwardedHeaders, returnedHeaders } from './headers.ts'

type Pairs = readonly (readonly [string, string])[]

/** What goes on of these headers, at a door that accepts whatever its author could write down. */
function forwarded(
  given: Readonly<Record<string, string>>,
  protocol: '1.1' | '2' = '1.1',
  idempotency?: string,
): Pairs {
  const head = { headers: new Map(Object.entries(given)), protocol }
  const door = { accept: ['x-wanted', 'connection', 'upgrade', 'te', 'authorization'], add: { headers: {}, query: {} } }
  const operation = idempotency === undefined ? {} : { idempotency }
  return forwardedHeaders(head, door as unknown as Parameters<typeof forwardedHeaders>[1], operation, 'ours').headers
}

const identity = ['accept-encoding', 'identity'] as const

describe('what goes out of a box', () => {
  it('holds nothing of the connection, whatever the door accepts', () => {
    expect(forwarded({ 'x-wanted': '1' }), 'control').toEqual([['x-wanted', '1'], identity])
    expect(forwarded({ connection: 'x-wanted', upgrade: 'h2c', te: 'trailers' })).toEqual([identity])
  })

  it('asks for an answer that can be looked through', () => {
    expect(forwarded({ 'accept-encoding': 'gzip' })).toEqual([identity])
  })

  it('asks for trailers by HTTP/2 alone, and for nothing else by that word', () => {
    expect(forwarded({ te: 'trailers' }, '2')).toEqual([['te', 'trailers'], identity])
    expect(forwarded({ te: 'trailers, gzip' }, '2')).toEqual([identity])
  })

  it('holds a key of idempotency, the function’s own or ours', () => {
    expect(forwarded({ 'x-key': 'mine' }, '1.1', 'x-key')).toEqual([['x-key', 'mine'], identity])
    expect(forwarded({}, '1.1', 'x-key')).toEqual([['x-key', 'ours'], identity])
  })
})

describe('what comes back into a box', () => {
  const answer: Pairs = [
    ['content-type', 'text/plain'],
    ['x-id', '1'],
    ['alt-svc', 'h3=":443"'],
    ['connection', 'close, X-Hop'],
    ['x-hop', 'inner'],
    ['vary', 'x-id'],
    ['set-cookie', 'a=b'],
    ['set-cookie2', 'a=b'],
    ['content-length', '3'],
  ]
  const namesOf = (pairs: Pairs): readonly string[] => pairs.map(([name]) => name)

  it('holds nothing of the connection, nor what the connection names, nor a memory', () => {
    expect(namesOf(returnedHeaders(answer))).toEqual(['content-type', 'x-id', 'vary', 'content-length'])
  })

  it('is what was named, and how it is read', () => {
    expect(namesOf(returnedHeaders(answer, ['x-other']))).toEqual(['content-type', 'content-length'])
    expect(namesOf(returnedHeaders(answer, ['x-id', 'set-cookie']))).toEqual(['content-type', 'x-id', 'content-length'])
  })
})
