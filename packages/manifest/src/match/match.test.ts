import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { edited, mustLoad } from '../testing/example.ts'
import { matchDoor } from './door.ts'
import { matchTemplate, parsePathTemplate, splitPath } from './path.ts'
import { matchRoute } from './route.ts'

const { app } = mustLoad()

describe('a route', () => {
  it('is matched by method and segments, and gives its parameters decoded once', () => {
    expect(matchRoute(app, 'POST', '/orders/o1/refund')).toMatchObject({
      kind: 'route',
      route: { key: 'POST /orders/:id/refund' },
      parameters: { id: 'o1' },
    })
    expect(matchRoute(app, 'GET', '/orders/o%20%C3%A4')).toMatchObject({ kind: 'route', parameters: { id: 'o ä' } })
  })

  it('prefers the literal segment over the parameter, wherever it stands in the file', () => {
    const both = mustLoad(
      edited('      GET /orders/:id:', '      GET /orders/latest: { who: [customer] }\n      GET /orders/:id:'),
    ).app
    expect(matchRoute(both, 'GET', '/orders/latest')).toMatchObject({ route: { key: 'GET /orders/latest' } })
    expect(matchRoute(both, 'GET', '/orders/o1')).toMatchObject({ route: { key: 'GET /orders/:id' } })
  })

  it('is not passed over for a parameter by another spelling of its own segments', () => {
    const orders = edited('      GET /orders/:id:', '      GET /orders/@me: { who: [support] }\n      GET /orders/:id:')
    const { app: both } = mustLoad(orders)
    const codeOf = (path: string): string => {
      const match = matchRoute(both, 'GET', path)
      return match.kind === 'refused' ? match.code : match.route.key
    }
    expect(codeOf('/orders/@me')).toBe('GET /orders/@me')
    for (const path of ['/orders/%40me', '/orders/@m%65', '/orders/%61', '/orders/%2D', '/orders/%5a', '/orders/%7E']) {
      expect(codeOf(path), path).toBe('route.malformed_path')
    }
    // What a path cannot hold as it is stays encoded, and is a parameter's.
    for (const letter of [' ', '"', '?', '#', '[', '{', '`', 'ä', '@', '@you']) {
      expect(codeOf(`/orders/${encodeURIComponent(letter)}`), letter).toBe('GET /orders/:id')
    }
  })

  it('takes no dots and no emptiness for a parameter', () => {
    expect(matchRoute(app, 'GET', '/orders/o1').kind).toBe('route')
    for (const path of ['/orders/..', '/orders/.', '/orders/']) {
      expect(matchRoute(app, 'GET', path).kind, path).toBe('refused')
    }
  })

  it('is not reached by tricks with the path', () => {
    for (const path of [
      '/orders/../checkout',
      '/orders/%2e%2e/x',
      '/orders/%2E',
      '/orders//o1',
      '//checkout',
      '/checkout/',
      '/orders/a%2fb',
      '/orders/a%5Cb',
      '/orders/a\\b',
      '/orders/%00',
      '/orders/%zz',
      '/orders/%',
      '/orders/a b',
      '/orders/%252e',
      'checkout',
      'xcheckout',
      '/orders/o1/more',
      '/orders',
      '/',
      '',
      '/checkout?x=1',
      '/checkout#x',
      '/orders/\u212a',
      '/orders/%ff',
    ]) {
      expect(matchRoute(app, 'GET', path).kind, path).toBe('refused')
      expect(matchRoute(app, 'POST', path).kind, path).toBe('refused')
    }
    for (const [method, path] of [
      ['post', '/checkout'],
      ['POST', '/Checkout'],
      ['GET', '/checkout'],
      ['HEAD', '/orders/o1'],
    ] as const) {
      expect(matchRoute(app, method, path), `${method} ${path}`).toEqual({ kind: 'refused', code: 'route.unlisted' })
    }
    expect(matchRoute(app, 'POST', '/checkout').kind).toBe('route')
  })
})

describe('a path', () => {
  it('that is longer than any, or ends in half a letter, is malformed, and not merely nobody’s', () => {
    const codeOf = (path: string): string => {
      const match = matchRoute(app, 'GET', path)
      return match.kind === 'refused' ? match.code : match.kind
    }
    expect(codeOf(`/orders/${'a'.repeat(8_000)}`)).toBe('route')
    for (const path of [`/orders/${'a'.repeat(8_192)}`, '/orders/%zz', '/orders/%4', '/orders/%']) {
      expect(codeOf(path)).toBe('route.malformed_path')
    }
  })
})

describe('a door', () => {
  it('is matched by origin, method and path; the query is not part of it', () => {
    expect(matchDoor(app, 'https://api.stripe.com/v1/refunds', 'POST')).toMatchObject({
      kind: 'door',
      door: { name: 'stripe' },
      operation: { name: 'refund' },
      path: '/v1/refunds',
    })
    expect(matchDoor(app, 'https://API.stripe.com:443/v1/refunds?expand=x', 'POST').kind).toBe('door')
  })

  it('is not passed over for another by another spelling of its own segments', () => {
    const text = edited('refund: POST /v1/refunds', 'refund: POST /v1/refunds, me: GET /v1/@me, one: GET /v1/:id')
    const codeOf = (path: string): string => {
      const match = matchDoor(mustLoad(text).app, `https://api.stripe.com/v1/${path}`, 'GET')
      return match.kind === 'refused' ? match.code : match.operation.name
    }
    expect([codeOf('@me'), codeOf('%40you'), codeOf('a%20b')]).toEqual(['me', 'one', 'one'])
    expect([codeOf('%40me'), codeOf('@%6de')]).toEqual(['door.malformed_url', 'door.malformed_url'])
  })

  it('with a slash at its end is another than without, and no parameter is nothing', () => {
    const text = edited(
      'refund: POST /v1/refunds',
      'refund: POST /v1/refunds, both: GET /v1/both/, one: GET /v1/:id, all: GET /v1/, two: GET /v2/:id',
    )
    const of = (path: string): string => {
      const match = matchDoor(mustLoad(text).app, `https://api.stripe.com${path}`, 'GET')
      return match.kind === 'refused' ? match.code : `${match.operation.name} ${match.path}`
    }
    expect(['/v1/both/', '/v1/both', '/v1/'].map(of)).toEqual(['both /v1/both/', 'one /v1/both', 'all /v1/'])
    expect(['/v2/x', '/v2/x/y', '/v2/'].map(of)).toEqual(['two /v2/x', 'door.unlisted', 'door.unlisted'])
    for (const path of ['/v1/x/', '/v1/both//', '/v1//both/', '//', '/v1/both/.', '/v1/both/%2e', '/v1/both/%2f']) {
      expect(of(path), path).toMatch(/^door\.(unlisted|malformed_url)$/)
    }
  })

  it('is not reached by tricks with the URL', () => {
    for (const url of [
      'https://api.stripe.com@evil.example/v1/refunds',
      'https://evil.example/v1/refunds',
      'http://api.stripe.com/v1/refunds',
      'https://api.stripe.com.evil.example/v1/refunds',
      'https://api.stripe.com:8443/v1/refunds',
      'https://api.stripe.com/v1/./refunds',
      'https://api.stripe.com/v1/x/../refunds',
      'https://api.stripe.com//v1/refunds',
      'https://api.stripe.com/v1/%72efunds',
      'https://api.stripe.com/V1/refunds',
      'https:api.stripe.com/v1/refunds',
      'https://api.stripe.com\\v1\\refunds',
      ' https://api.stripe.com/v1/refunds',
      'https://api.stripe.com/v1/refunds#',
      'nonsense',
      'https://api.stripe.com./v1/refunds',
    ]) {
      expect(matchDoor(app, url, 'POST').kind, url).toBe('refused')
    }
  })
})

it('a door tells a path that it cannot cut from one that it does not list', () => {
  const codeOf = (path: string): unknown => {
    const match = matchDoor(app, `https://api.stripe.com${path}`, 'POST')
    return match.kind === 'refused' ? match.code : match.kind
  }
  expect(['/v1/refunds', '/v1/nothing', '/v1//refunds', '/v1/%2e%2e/refunds'].map(codeOf)).toEqual([
    'door',
    'door.unlisted',
    'door.malformed_url',
    'door.malformed_url',
  ])
})

describe('templates', () => {
  it('a path that matches is rebuilt from the template and its parameters, so nothing is read twice', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_~-]{1,8}$/)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(segment, fc.boolean()), { minLength: 1, maxLength: 6 }),
        fc.array(segment, { minLength: 6, maxLength: 6 }),
        (parts, values) => {
          const template = parsePathTemplate(
            `/${parts.map(([text, parameter], index) => (parameter ? `:p${index}` : text)).join('/')}`,
          )
          const path = parts.map(([text, parameter], index) => (parameter ? (values[index] ?? 'x') : text))
          const found =
            template === undefined ? undefined : matchTemplate(template, splitPath(`/${path.join('/')}`) ?? [])
          expect(found).toEqual(
            Object.fromEntries(
              parts.flatMap(([, parameter], index) => (parameter ? [[`p${index}`, values[index] ?? 'x']] : [])),
            ),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  it('no text makes the reader throw, and what it accepts it gives back unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 40 }), (text) => {
        const parts = splitPath(text)
        if (parts !== undefined) expect(`/${parts.join('/')}`).toBe(text)
      }),
      { numRuns: 300 },
    )
  })
})
