import { Ajv2020 } from 'ajv/dist/2020.js'

import type { Reason } from '@sallyport/core/access'
import { duplicateMember } from '@sallyport/core/json'

import { gatewayReason } from './request.ts'

/** Judges a body; undefined means it fits. */
export type BodyCheck = (body: Uint8Array, contentType: string | undefined) => Reason | undefined

/**
 * Compiles a route's JSON Schema (draft 2020-12). The check reads the same bytes that the function will get.
 * Only the place of a mismatch is told, never the value: it may be a card number.
 */
export function compileBodyCheck(schema: unknown): BodyCheck {
  const ajv = new Ajv2020({ allErrors: false, strict: false })
  const validate = ajv.compile(schema as object) // the manifest has parsed it as a schema already
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return (body, contentType) => {
    if (!/^application\/(?:[a-z0-9.+-]+\+)?json(?:\s*;\s*charset=utf-8)?$/i.test(contentType ?? '')) {
      return gatewayReason('request.content_type', 'The body must be application/json in UTF-8.')
    }
    let value: unknown
    try {
      const text = decoder.decode(body)
      value = JSON.parse(text)
      if (duplicateMember(text) !== undefined) return gatewayReason('request.json', 'A member of the body is repeated.')
    } catch {
      return gatewayReason('request.json', 'The body is not JSON in UTF-8.')
    }
    if (validate(value)) return undefined
    const [first] = validate.errors ?? []
    return gatewayReason(
      'request.schema',
      `The body does not fit: ${first?.instancePath || '/'} ${first?.message ?? ''}.`,
    )
  }
}
