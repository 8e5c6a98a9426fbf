import { describe, expect, it } from 'vitest'

import { accessOf } from '../../access/access-of.ts'
import { accessDiff } from '../../access/access-diff.ts'
import { faultsOf, mustLoad } from '../../testing/example.ts'

const manifest = (lines: string): string => `app: small
zones: { internal: { from: [public] }, public: { from: [internet] } }
people: { customer: {} }
functions:
  front:
    zone: public
    code: front.ts
    can: { far: [score] }
  far:
    zone: internal
    offers: [score]
    ${lines.trim().split('\n').join('\n    ')}
`
const files = { 'front.ts': '' }
const http = 'engine: http\nurl: https://far.example/run?x=1\nversion: 2026-11-01'

function farOf(lines: string): unknown {
  const { app } = mustLoad(manifest(lines), files)
  return app.functions.find(({ name }) => name === 'far')
}

describe('a function elsewhere', () => {
  it('stands at an address, with a version', () => {
    expect(farOf(`${http}\ntimeout: 3s\ncalls: { max: 4 }`)).toMatchObject({
      code: '',
      reuse: 'shared',
      timeoutMs: 3_000,
      boxes: { min: 0, max: 4, queue: 64 },
      elsewhere: {
        engine: 'http',
        url: 'https://far.example/run?x=1',
        version: '2026-11-01',
        privateUpstream: false,
        idempotent: false,
      },
    })
    expect(farOf(http.replace('https://far.example/run?x=1', 'http://127.0.0.1:9'))).toMatchObject({
      elsewhere: { url: 'http://127.0.0.1:9/', privateUpstream: true },
    })
  })

  it('stands in AWS Lambda, by name and version', () => {
    const lambda = 'engine: lambda\nfunction: score\nversion: 42\nregion: eu-central-1\nidempotent: true'
    expect(farOf(lambda)).toMatchObject({
      elsewhere: {
        engine: 'lambda',
        functionName: 'score',
        version: '42',
        region: 'eu-central-1',
        endpoint: 'https://lambda.eu-central-1.amazonaws.com',
        privateUpstream: false,
        idempotent: true,
      },
    })
    expect(farOf(lambda.replace('eu-central-1', 'cn-north-1'))).toMatchObject({
      elsewhere: { endpoint: 'https://lambda.cn-north-1.amazonaws.com.cn' },
    })
    expect(farOf(`${lambda}\nendpoint: http://127.0.0.1:9`)).toMatchObject({
      elsewhere: { endpoint: 'http://127.0.0.1:9', privateUpstream: true },
    })
  })

  it.each<[string, string, string]>([
    ['http://far.example/run', 'manifest.insecure_upstream', 'plain HTTP'],
    ['https://169.254.169.254/', 'manifest.insecure_upstream', 'link-local'],
    ['https://168.63.129.16/', 'manifest.insecure_upstream', 'where Azure keeps credentials'],
    ['https://[fd20:ce::254]/', 'manifest.insecure_upstream', 'where Google Cloud keeps them'],
    ['https://far.example/a#b', 'manifest.insecure_upstream', 'a fragment'],
    ['https://me:pass@far.example/', 'manifest.insecure_upstream', 'credentials'],
    ['https://*.example/', 'manifest.wildcard', 'a wildcard'],
  ])('is not called at %s (%s: %s)', (url, code) => {
    const faults = faultsOf(manifest(http.replace('https://far.example/run?x=1', `"${url}"`)), files)
    expect(faults.map((fault) => fault.code)).toContain(code)
  })

  it.each<[string, string]>([
    ['can: { front: [x] }', 'manifest.unknown_key'],
    ['env: { A: b }', 'manifest.unknown_key'],
    ['reuse: user', 'manifest.unknown_key'],
    ['code: front.ts', 'manifest.unknown_key'],
  ])('takes no %s: that machine is not ours (%s)', (line, code) => {
    expect(faultsOf(manifest(`${http}\n${line}`), files).map((fault) => fault.code)).toContain(code)
  })

  it.each(['url', 'version'])('needs its %s', (key) => {
    const without = http.split('\n').filter((line) => !line.startsWith(`${key}:`))
    expect(faultsOf(manifest(without.join('\n')), files)).toMatchObject([
      { code: 'manifest.missing_key', message: expect.stringContaining(`"${key}"`) },
    ])
  })

  it('is told to a reviewer, and a change of its place may broaden', () => {
    const before = mustLoad(manifest(http), files).app
    expect(accessOf(before)).toContain(
      'far runs at https://far.example/run?x=1, version 2026-11-01, with whatever that machine reaches',
    )
    const moved = mustLoad(manifest(http.replace('far.example', 'other.example')), files).app
    expect(JSON.stringify(accessDiff(before, moved))).toContain('other.example')
  })
})

describe('an engine here', () => {
  const here = (engine: string): string =>
    manifest(http).replace('code: front.ts', `code: front.ts\n    engine: ${engine}`)
  const engineOf = (engine: string): unknown =>
    mustLoad(here(engine), files).app.functions.find(({ name }) => name === 'front')?.engine

  it('is the box unless another is named', () => {
    expect(['box', 'workerd', 'gvisor'].map(engineOf)).toEqual([undefined, 'workerd', 'gvisor'])
    expect(faultsOf(here('docker'), files).map(({ code }) => code)).toContain('manifest.wrong_type')
  })

  it('broadens where a function loses a kernel of its own, and not where it gains one', () => {
    const [box, gvisor] = ['box', 'gvisor'].map((engine) => mustLoad(here(engine), files).app)
    if (box === undefined || gvisor === undefined) throw new Error('two were loaded')
    expect(accessDiff(gvisor, box).broadens).toBe(true)
    expect(accessDiff(box, gvisor).broadens).toBe(false)
  })
})
