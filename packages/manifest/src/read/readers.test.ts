import { describe, expect, it } from 'vitest'

import { edited, exampleText, type Files, surroundingsOf } from '../testing/example.ts'
import { loadManifest } from './load-manifest.ts'

function codesOf(text: string, files: Files = {}): readonly string[] {
  const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, ...files }))
  return loaded.ok ? [] : loaded.faults.map(({ code }) => code)
}

/** The example, in which notifications has one variable. */
const withVariable = (variable: string): string =>
  edited('    can: { email: [send] }', `    can: { email: [send] }\n    env: { ${variable} }`)

describe('a manifest is read as its reviewer sees it', () => {
  it('holds nothing that moves the cursor of a terminal, or turns the direction of writing', () => {
    expect(codesOf(withVariable('A: "b"'))).toEqual([])
    expect(codesOf(withVariable('A: "tab\\tand\\nline, é 日本 🙂"'))).toEqual([])
    for (const [name, raw] of [
      ['a bidirectional override', '\u202E'],
      ['an isolate', '\u2066'],
      ['a mark', '\u200F'],
      ['an escape', '\u001B'],
      ['a C1 control', '\u009B'],
    ] as const) {
      expect(codesOf(withVariable(`A: "b${raw}"`)), name).toEqual(['manifest.hidden_character'])
      expect(codesOf(`${exampleText}# only a comment ${raw}\n`), `${name}, in a comment`).toEqual([
        'manifest.hidden_character',
      ])
    }
  })

  it('holds no such character by an escape of YAML either', () => {
    for (const escape of ['\\e[2K', '\\u202E', '\\x9b', '\\b']) {
      expect(codesOf(withVariable(`A: "b${escape}"`)), escape).toEqual(['manifest.hidden_character'])
    }
  })

  it('holds no such character in the name of a key', () => {
    expect(codesOf(edited('app: checkout', 'app: checkout\n"a\\e[2K": 1'))).toContain('manifest.hidden_character')
  })

  it('tells where such a character stands', () => {
    const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': `app: x\nab\u202E: 1\n` }))
    expect(loaded).toMatchObject({ faults: [{ line: 2, column: 3, message: expect.stringContaining('U+202E') }] })
  })

  it('holds a key once, however it is written', () => {
    const users = (lines: string): string => edited('      alice: [customer]', `${lines}\n      alice: [customer]`)
    expect(codesOf(users('      "true": [admin]'))).toEqual([])
    for (const word of ['true', 'null']) {
      expect(codesOf(users(`      ${word}: [customer]\n      "${word}": [admin]`)), word).toEqual([
        'manifest.duplicate_key',
      ])
    }
  })
})

describe('a file of JSON is read as its reviewer sees it', () => {
  it('a body schema says each thing once', () => {
    const schema = '{ "type": "object", "required": ["a"] }'
    expect(codesOf(exampleText, { 'schemas/refund.json': schema })).toEqual([])
    expect(codesOf(exampleText, { 'schemas/refund.json': schema.replace(' }', ', "required": [] }') })).toEqual([
      'manifest.schema_document',
    ])
  })

  it('a key set says each thing once', () => {
    const issuer = edited('issuers:', 'issuers:\n  corp: { issuer: https://id.example, audience: a, jwks: keys.json }')
    const keys = '{ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AQAB", "kid": "k1" }] }'
    expect(codesOf(issuer, { 'keys.json': keys })).toEqual([])
    expect(codesOf(issuer, { 'keys.json': keys.replace('"kid": "k1"', '"kid": "k1", "x": "AQAC"') })).toEqual([
      'manifest.wrong_type',
    ])
  })

  it('a bundle says each thing once', () => {
    const trust = edited('issuers:', 'trust: { example.org: bundle.json }\nissuers:')
    const bundle = '{ "keys": [{ "use": "jwt-svid", "kty": "OKP", "crv": "Ed25519", "x": "AQAB", "kid": "k1" }] }'
    expect(codesOf(trust, { 'bundle.json': bundle })).toEqual([])
    expect(codesOf(trust, { 'bundle.json': bundle.replace('"kid": "k1"', '"kid": "k1", "x": "AQAC"') })).toEqual([
      'manifest.wrong_type',
    ])
  })

  it('the data of a guest says each thing once', () => {
    const guest = edited(
      'issuers:',
      'guests: { shop: { policy: shop.wasm, data: data.json, asks: [routes] } }\nissuers:',
    )
    const wasm = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    expect(codesOf(guest, { 'shop.wasm': wasm, 'data.json': '{ "a": 1 }' })).toEqual([])
    expect(codesOf(guest, { 'shop.wasm': wasm, 'data.json': '{ "a": 1, "a": 2 }' })).toEqual(['manifest.guest_policy'])
  })
})

describe('a folder where a server keeps its keys', () => {
  const body = (file: string): string => edited('schemas/refund.json', file)
  const schema = { 'schemas/other.json': '{}' }

  it('is nothing that a manifest names a file of', () => {
    expect(codesOf(body('schemas/other.json'), schema)).toEqual([])
    for (const path of ['.sallyport/api-token', 'inner/.sallyport/keys/vault.key', './.sallyport//api-token']) {
      const found = path.replace(/^\.\//, '').replace('//', '/')
      expect(codesOf(body(path), { [found]: 'c0ffee-secret' }), path).toEqual(['manifest.outside_folder'])
    }
  })

  it('is nothing that a link leads into', () => {
    const inside = surroundingsOf({ 'sallyport.yaml': body('schemas/other.json'), ...schema })
    const linked = loadManifest('/app', {
      ...inside,
      realpath: (path) => (path === '/app/schemas/other.json' ? '/app/.sallyport/api-token' : inside.realpath(path)),
    })
    expect(linked).toMatchObject({ ok: false, faults: [{ code: 'manifest.outside_folder' }] })
  })
})
