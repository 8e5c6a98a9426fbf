import { decide } from '@sallyport/core/policy'
import { describe, expect, test } from 'vitest'

import { accessDiff } from '../../access/access-diff.ts'
import type { App } from '../../app.ts'
import { describeAsk } from '../../ask/describe-ask.ts'
import { compileApp } from '../../compile/compile-app.ts'
import { explain } from '../../explain/explain.ts'
import { surroundingsOf } from '../../testing/example.ts'
import { loadManifest } from '../load-manifest.ts'

const watch = 'watch: { of: pool, transmitter: https://signals.example, audience: a }'

function text(people: string, signals = watch, path = '/'): string {
  return `
app: shop
issuers: { pool: { issuer: https://people.example, audience: shop } }
people: { reader: ${people} }
secrets: { token: {} }
signals: { ${signals} }
zones: { public: { from: [internet] } }
functions:
  front: { zone: public, code: front.ts, routes: { GET ${path}: { who: [reader] } } }
`
}

const load = (...parts: Parameters<typeof text>): ReturnType<typeof loadManifest> =>
  loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text(...parts), 'front.ts': '' }))

function read(...parts: Parameters<typeof text>): App {
  const loaded = load(...parts)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded.app
}

test('a stream is read with its usual silence of an hour', () => {
  expect(read('{}').signals).toMatchObject([
    { name: 'watch', of: 'pool', transmitter: 'https://signals.example', audience: 'a', silenceMs: 3_600_000 },
  ])
  const polled = `${watch.slice(0, -2)}, poll: https://signals.example/poll, secret: token, silence: 5m }`
  expect(read('{}', polled).signals).toMatchObject([
    { poll: 'https://signals.example/poll', secret: 'token', silenceMs: 300_000 },
  ])
})

const refused: readonly (readonly [string, string, ...Parameters<typeof text>])[] = [
  ['an issuer that is not there', 'manifest.unresolved_name', '{}', watch.replace('pool', 'pond')],
  [
    'a secret that is not there',
    'manifest.unresolved_name',
    '{}',
    `${watch.slice(0, -2)}, poll: https://s.example/p, secret: x }`,
  ],
  ['a secret that is shown nowhere', 'manifest.missing_key', '{}', `${watch.slice(0, -2)}, secret: token }`],
  [
    'a transmitter over plain HTTP',
    'manifest.insecure_upstream',
    '{}',
    watch.replace('https://signals', 'http://signals'),
  ],
  ['a role that waits for signals which nobody sends', 'manifest.missing_key', '{ signals: fresh }', ''],
  ['a risk for which nobody tells it', 'manifest.missing_key', '{ risk: low }', ''],
  [
    'a route where the server itself answers',
    'manifest.reserved_route',
    '{}',
    watch,
    '/.well-known/sallyport/signals/watch',
  ],
]

for (const [what, code, ...parts] of refused) {
  test(`refused: ${what}`, () => {
    const loaded = load(...parts)
    expect(loaded.ok ? [] : loaded.faults.map((fault) => fault.code)).toEqual([code])
  })
}

describe('a role counts', () => {
  const judge = (people: string, facts: Readonly<Record<string, string | boolean>>): string => {
    const app = read(people)
    const compiled = compileApp(app)
    const ask = describeAsk(app, 'reader', 'GET /')
    if (ask.kind === 'unknown' || ask.asks[0] === undefined) throw new Error('nothing to ask')
    const context = { ...ask.asks[0].context, ...facts }
    const decision = explain(decide(compiled.authority, [{ ...ask.asks[0], context }]), compiled, app)
    return decision.effect === 'allow' ? 'allow' : decision.reasons[0].code
  }
  const fresh = 'sallyport:SignalsFresh'
  const risk = 'sallyport:Risk'

  for (const [people, facts, expected] of [
    ['{ signals: fresh }', {}, 'allow'],
    ['{ signals: fresh }', { [fresh]: false }, 'route.signals_stale'],
    ['{}', { [fresh]: false, [risk]: 'high' }, 'allow'],
    ['{ risk: low }', {}, 'allow'],
    ['{ risk: low }', { [risk]: 'low' }, 'allow'],
    ['{ risk: low }', { [risk]: 'medium' }, 'route.risk'],
    ['{ risk: medium }', { [risk]: 'medium' }, 'allow'],
    ['{ risk: medium }', { [risk]: 'high' }, 'route.risk'],
  ] as const) {
    test(`${people} with ${JSON.stringify(facts)}: ${expected}`, () => {
      expect(judge(people, facts)).toBe(expected)
    })
  }
})

test('a role that demands less, and a stream that is another, broaden access', () => {
  const strict = read('{ signals: fresh, risk: low }')
  for (const changed of [
    read('{ risk: low }'),
    read('{ signals: fresh }'),
    read('{ signals: fresh, risk: medium }'),
    read('{ signals: fresh, risk: low }', watch.replace('signals.example', 'evil.example')),
    read('{ signals: fresh, risk: low }', `${watch.slice(0, -2)}, silence: 2h }`),
  ]) {
    expect(accessDiff(strict, changed).broadens).toBe(true)
  }

  expect(accessDiff(read('{ signals: fresh }'), strict).broadens).toBe(false)
})
