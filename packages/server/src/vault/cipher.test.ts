import { createCipheriv, createSecretKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { describe, expect, test } from 'vitest'

import { decrypt, encrypt } from './cipher.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? resolve(import.meta.dirname, '../../../../../shared/suites')
const file = join(suites, 'wycheproof/testvectors_v1/aes_gcm_test.json')

interface Vector {
  readonly tcId: number
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Group {
  readonly keySize: number
  readonly ivSize: number
  readonly tagSize: number
  readonly tests: readonly Vector[]
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('a nonce of another length, and a tag that is short, open nothing', () => {
  const secret = createSecretKey(Buffer.alloc(32, 1))
  const sealWith = (nonce: Buffer, tagBytes: number): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes })
    return Buffer.concat([cipher.update('text'), cipher.final(), cipher.getAuthTag()])
  }
  const [usual, long] = [Buffer.alloc(12, 2), Buffer.alloc(16, 2)]
  expect(decrypt(secret, usual, Buffer.alloc(0), sealWith(usual, 16))).toEqual(Buffer.from('text'))
  expect(decrypt(secret, long, Buffer.alloc(0), sealWith(long, 16))).toBeUndefined()
  expect(decrypt(secret, usual, Buffer.alloc(0), sealWith(usual, 8))).toBeUndefined()
})

describe.skipIf(!existsSync(file))('Wycheproof AES-GCM', () => {
  test('every vector with a 256-bit key, 96-bit nonce and 128-bit tag comes out as published', () => {
    const ours = groups().filter(({ keySize, ivSize, tagSize }) => keySize === 256 && ivSize === 96 && tagSize === 128)
    const vectors = ours.flatMap(({ tests }) => tests)
    expect(vectors.length).toBeGreaterThan(60)
    const wrong = vectors.filter(({ key, iv, aad, msg, ct, tag, result }) => {
      const secret = createSecretKey(hex(key))
      const opened = decrypt(secret, hex(iv), hex(aad), hex(ct + tag))
      if (result !== 'valid') return opened !== undefined
      const sealed = encrypt(secret, hex(iv), hex(aad), hex(msg))
      return !(opened && Buffer.from(opened).equals(hex(msg)) && Buffer.from(sealed).equals(hex(ct + tag)))
    })
    expect(wrong.map(({ tcId }) => tcId)).toEqual([])
  })

  test('every vector with another nonce length is refused', () => {
    const others = groups().filter(({ keySize, ivSize }) => keySize === 256 && ivSize !== 96)
    const vectors = others.flatMap(({ tests }) => tests)
    expect(vectors.length).toBeGreaterThan(5)
    for (const { key, iv, aad, ct, tag } of vectors) {
      expect(decrypt(createSecretKey(hex(key)), hex(iv), hex(aad), hex(ct + tag))).toBeUndefined()
    }
  })
})

function groups(): readonly Group[] {
  return JSON.parse(readFileSync(file, 'utf8')).testGroups
}
