import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { componentValue, signatureBase } from './signature-base.ts'
import type { FieldTypes, HttpMessage, HttpRequest } from './http-message.ts'
import { importSignatureKey, type SignatureAlgorithm, signBase, verifyBase } from './http-signature-key.ts'
import { type InnerList, parseDictionary } from '../encoding/structured-field.ts'
import { serialiseMember } from '../encoding/serialise-field.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? join(import.meta.dirname, '../../../../../../shared/suites')
const file = join(suites, 'http-message-signatures/rfc9421-vectors.json')

interface Message {
  readonly type: 'request' | 'response'
  readonly method?: string
  readonly request_target?: string
  readonly scheme?: 'http' | 'https'
  readonly status?: number
  readonly headers: readonly (readonly [string, string])[]
  readonly trailers: readonly (readonly [string, string])[]
}

interface Vectors {
  readonly keys: Readonly<Record<string, { readonly private_jwk?: object; readonly secret_base64?: string }>>
  readonly messages: Readonly<Record<string, Message>>
  readonly signature_vectors: readonly {
    readonly id: string
    readonly message: string
    readonly related_request: string | null
    readonly algorithm: string
    readonly key: string
    readonly signature_params: string
    readonly signature: string
    readonly signature_base: string
    readonly expect: 'valid' | 'invalid'
    readonly deterministic: boolean
  }[]
  readonly component_vectors: readonly {
    readonly id: string
    readonly message: string
    readonly component: string
    readonly value: string
    readonly field_type?: 'dictionary' | 'list' | 'item'
  }[]
  readonly derived_error_vectors: readonly {
    readonly id: string
    readonly message: string
    readonly covered: readonly string[]
    readonly field_type?: 'dictionary'
  }[]
  readonly signature_input_examples: readonly { readonly value: string }[]
}

const isThere = existsSync(file)
const vectors: Vectors | undefined = isThere ? JSON.parse(readFileSync(file, 'utf8')) : undefined
const orSkipped = (name: string): string => (isThere ? name : `skipped: ${file} is not there: ${name}`)

/** Signatures that are valid and that we cannot verify on purpose. */
const refusedOnPurpose: Readonly<Record<string, string>> = {
  '4.3-proxy': 'rsa-v1_5-sha256: the padding of the last century, which no new protocol should take',
}

function messageOf(name: string, related?: string | null): HttpMessage {
  const { type, headers, trailers, ...message } = vectors?.messages[name] ?? {
    type: 'request',
    headers: [],
    trailers: [],
  }
  const shared = { fields: headers, trailers }
  if (type === 'response') {
    const request = typeof related === 'string' ? { request: messageOf(related) as HttpRequest } : {}
    return { kind: 'response', status: message.status ?? 0, ...shared, ...request }
  }
  const authority = headers.find(([header]) => header.toLowerCase() === 'host')?.[1] ?? ''
  const { method = '', scheme = 'https', request_target: requestTarget = '/' } = message
  return { kind: 'request', method, scheme, requestTarget, authority, ...shared }
}

function listOf(text: string): InnerList {
  const member = parseDictionary(`x=${text}`)?.[0]?.[1]
  if (member?.kind !== 'inner-list') throw new Error(`no inner list: ${text}`)
  return member
}

const typesFor = (component: string, type: FieldTypes[string] | undefined): FieldTypes => {
  const name = /^"([^"]+)"/.exec(component)?.[1] ?? ''
  return type === undefined ? {} : { [name]: type }
}

describe('RFC 9421', () => {
  test.skipIf(!isThere)(orSkipped('every component has the value that the text gives it'), () => {
    expect(vectors?.component_vectors).toHaveLength(39)
    for (const { id, message, component, value, field_type } of vectors?.component_vectors ?? []) {
      const [item] = listOf(`(${component})`).items
      const made = item && componentValue(messageOf(message), item, typesFor(component, field_type))
      expect(made, id).toBe(value)
    }
  })

  test.skipIf(!isThere)(orSkipped('what must be an error is one'), () => {
    expect(vectors?.derived_error_vectors).toHaveLength(15)
    for (const { id, message, covered, field_type } of vectors?.derived_error_vectors ?? []) {
      const list = listOf(`(${covered.join(' ')})`)
      expect(signatureBase(messageOf(message), list, typesFor(covered[0] ?? '', field_type)), id).toBeUndefined()
    }
  })

  test.skipIf(!isThere)(orSkipped('every signature is judged as the text judges it, but those named'), async () => {
    expect(vectors?.signature_vectors).toHaveLength(23)
    for (const vector of vectors?.signature_vectors ?? []) {
      const { id, message, related_request, signature_params, signature, key: keyName } = vector
      const base = signatureBase(messageOf(message, related_request), listOf(signature_params), {})
      expect(base, id).toBe(vector.signature_base)
      const bytes = new Uint8Array(Buffer.from(signature, 'base64'))
      if (id in refusedOnPurpose) {
        await expect(keyFor(keyName, vector.algorithm, 'verify')).rejects.toThrow()
        continue
      }
      const key = await keyFor(keyName, vector.algorithm, 'verify')
      expect(await verifyBase(key, base ?? '', bytes), id).toBe(vector.expect === 'valid')
      const signer = await keyFor(keyName, vector.algorithm, 'sign')
      const made = await signBase(signer, base ?? '')
      expect(await verifyBase(key, base ?? '', made), id).toBe(true)
      if (vector.deterministic && vector.expect === 'valid') expect(made, id).toEqual(bytes)
    }
  })

  test.skipIf(!isThere)(orSkipped('what is parsed is written again as it was'), () => {
    const texts = [
      ...(vectors?.signature_vectors ?? []).map(({ signature_params }) => signature_params),
      ...(vectors?.signature_input_examples ?? []).map(({ value }) => value.replace(/^sig1=/, '')),
    ]
    for (const text of texts) expect(serialiseMember(listOf(text))).toBe(text)
  })
})

async function keyFor(name: string, algorithm: string, use: 'sign' | 'verify'): ReturnType<typeof importSignatureKey> {
  const { private_jwk, secret_base64 } = vectors?.keys[name] ?? {}
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...half } = { ...private_jwk } as Record<string, string>
  const secret = secret_base64 === undefined ? undefined : new Uint8Array(Buffer.from(secret_base64, 'base64'))
  const material = secret ?? (use === 'sign' ? { ...private_jwk } : half)
  return importSignatureKey(name, algorithm as SignatureAlgorithm, material, use)
}
