import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseStrictObject } from '@sallyport/core/json'

import { decodeBase64url, encodeBase64url } from '../encoding/base64url.ts'
import { maxTokenLength, parseAuthorization } from './parse-authorization.ts'
import { parseJwt } from './parse-jwt.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const part = (text: string): string => encodeBase64url(bytes(text))
const jwt = (header: string, payload = '{}'): string => `${part(header)}.${part(payload)}.AA`
const codeOf = (token: string): string => {
  const parsed = parseJwt(token)
  return parsed.kind === 'refused' ? parsed.code : 'parsed'
}

describe('parseAuthorization', () => {
  test.each([
    [[], 'token.missing'],
    [['Bearer a', 'Bearer a'], 'token.duplicated'],
    [['Basic YTpi'], 'token.scheme'],
    [['Bearer'], 'token.scheme'],
    [['Bearer '], 'token.malformed'],
    [['Bearer  a'], 'token.malformed'],
    [['Bearer a b'], 'token.malformed'],
    [['Bearer a, Bearer b'], 'token.malformed'],
    [['Bearer a\u0000'], 'token.malformed'],
    [[`Bearer ${'a'.repeat(maxTokenLength + 1)}`], 'token.too_large'],
  ])('refuses %j', (headers, code) => {
    expect(parseAuthorization(headers)).toMatchObject({ kind: 'refused', code })
  })

  test('takes the one token, whatever the case of the scheme', () => {
    expect(parseAuthorization(['bEARER a.b-_.c'])).toEqual({ scheme: 'bearer', token: 'a.b-_.c' })
    expect(parseAuthorization(['dpop a.b'])).toEqual({ scheme: 'dpop', token: 'a.b' })
  })
})

describe('base64url', () => {
  test('round-trips any bytes and agrees with the platform', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        const text = encodeBase64url(value)
        expect(text).toBe(Buffer.from(value).toString('base64url'))
        expect(decodeBase64url(text)).toEqual(value)
      }),
    )
  })

  test('has one spelling per value: what decodes, encodes to the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('AQgwZz09-_=+/ \n')) }), (text) => {
        const decoded = decodeBase64url(text)
        if (decoded !== undefined) expect(encodeBase64url(decoded)).toBe(text)
      }),
    )
  })

  test.each(['QQ==', 'QR', 'Q', 'QUI=', 'QUJ', ' QQ', 'QQ\n', 'Q+', 'Q/'])('refuses %j', (text) => {
    expect(decodeBase64url(text)).toBeUndefined()
  })
})

describe('parseStrictObject', () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"o":{"x":1,"x":2}}',
    '{"l":[{"x":1,"x" : 2}]}',
    '[]',
    'null',
    '"a"',
    '{"a":1} x',
    '{',
  ])('refuses %s', (text) => {
    expect(parseStrictObject(bytes(text))).toBeUndefined()
  })

  test('refuses bytes that are not UTF-8, and a byte order mark', () => {
    expect(parseStrictObject(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined()
    expect(parseStrictObject(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toBeUndefined()
  })

  test('keeps the same name apart in different objects, and in values', () => {
    expect(parseStrictObject(bytes('{"a":"a","b":{"a":"\\"b\\":"},"c":["a","a",{"a":1}]}'))).toMatchObject({ a: 'a' })
  })

  test('reads what JSON writes, except a member called __proto__', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value)
        const proto = text.includes('"__proto__":') // a name at any depth; in a value its quotes would be escaped
        expect(JSON.stringify(parseStrictObject(bytes(text)))).toBe(proto ? undefined : text)
      }),
    )
  })
})

describe('parseJwt', () => {
  test('parses three canonical parts', () => {
    const parsed = parseJwt(jwt('{"alg":"ES256","kid":"k","typ":"application/AT+JWT"}', '{"a":1}'))
    expect(parsed).toMatchObject({ kind: 'parsed', algorithm: 'ES256', keyId: 'k', type: 'at+jwt', claims: { a: 1 } })
  })

  test.each(['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64', 'zip', 'enc', 'epk'])('refuses a header with %s', (name) => {
    expect(codeOf(jwt('{"alg":"ES256"}'))).toBe('parsed')
    expect(codeOf(jwt(`{"alg":"ES256","${name}":null}`))).toBe('token.header')
  })

  test.each([
    ['two parts', 'e30.e30'],
    ['four parts', `${jwt('{"alg":"ES256"}')}.AA`],
    ['five parts', 'e30.e30.e30.e30.e30'],
    ['a JSON serialisation', '{"payload":"e30","signature":"AA"}'],
    ['no header', '.e30.AA'],
    ['padding', `${jwt('{"alg":"ES256"}')}==`],
    ['trailing bits', `${jwt('{"alg":"ES256"}').slice(0, -1)}B`],
    ['white space', ` ${jwt('{"alg":"ES256"}')}`],
    ['a line break in the signature', `${jwt('{"alg":"ES256"}')}\n`],
    ['a duplicate header member', jwt('{"alg":"ES256","alg":"none"}')],
    ['a duplicate claim', jwt('{"alg":"ES256"}', '{"sub":"a","sub":"b"}')],
    ['a payload that is no object', jwt('{"alg":"ES256"}', '[]')],
    ['no alg', jwt('{}')],
    ['an alg that is no string', jwt('{"alg":["ES256"]}')],
    ['a kid that is no string', jwt('{"alg":"ES256","kid":1}')],
  ])('refuses %s', (_, token) => {
    expect(codeOf(token)).toBe('token.malformed')
  })

  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.string().map((text) => jwt(text)),
        ),
        (text) => {
          expect(['parsed', 'refused']).toContain(parseJwt(text).kind)
        },
      ),
    )
  })
})
