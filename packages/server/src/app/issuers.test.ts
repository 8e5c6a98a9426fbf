import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { edited, exampleText, mustLoad } from '../../../manifest/src/testing/example.ts'
import { issuersOf, keysOfStream } from './issuers.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-issuers-'))
  file = join(folder, 'keys.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const keys = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AQAB', kid: 'k1' }] }
const stream = { name: 'watch', of: 'embedded', transmitter: 'https://signals.example', audience: 'a', silenceMs: 1 }
const unusable = expect.objectContaining({ code: 'issuer.keys_unusable' })

test('keys come from the file that the manifest names, and from nothing that is no key set', () => {
  const keysIn = (text: string): unknown => {
    writeFileSync(file, text)
    return keysOfStream({ ...stream, jwksFile: file, at: { file: 'sallyport.yaml', line: 1, column: 1 } }, false)
  }
  expect(keysIn(JSON.stringify(keys))).toEqual(keys)
  for (const text of ['', '[]', '{}', '{"keys":{}}', 'null']) expect(() => keysIn(text), text).toThrow(unusable)
})

test('the embedded provider vouches for this app alone, and the exchange comes beside what is declared', () => {
  const { app } = mustLoad(
    edited(
      'issuers:',
      'issuers:\n  corp: { issuer: https://id.example, audience: a, only: { team: core } }',
      exampleText,
    ),
  )
  const sts = { kind: 'sts', name: 'sts', issuer: 'urn:sts', audience: 'urn:sallyport:checkout', keys } as const
  const issuers = issuersOf(app, { issuerUrl: 'https://localhost:8444', jwks: keys }, sts, { loopback: false })
  expect(issuers).toMatchObject([
    { kind: 'oidc', name: 'corp', issuer: 'https://id.example', audience: 'a', only: { team: ['core'] } },
    { kind: 'embedded', issuer: 'https://localhost:8444', audience: 'urn:sallyport:checkout', keys },
    sts,
  ])
})
