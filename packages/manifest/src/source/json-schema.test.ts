import { readFileSync } from 'node:fs'

import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { edited, exampleText } from '../testing/example.ts'
import { manifestJsonSchema } from './json-schema.ts'

const validate = new Ajv2020({ allowUnionTypes: true }).compile(manifestJsonSchema())

describe('the JSON Schema for editors', () => {
  it('is in sync with the grammar', () => {
    const shipped: unknown = JSON.parse(readFileSync(new URL('../../sallyport.schema.json', import.meta.url), 'utf8'))
    expect(shipped).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())))
  })

  it('accepts the example', () => {
    expect(validate(parse(exampleText)), JSON.stringify(validate.errors)).toBe(true)
  })

  it('marks typical mistakes', () => {
    for (const [from, to] of [
      ['app: checkout', 'app: Checkout'],
      ['zones:  ', 'zone:  '],
      ['    zone: restricted\n', ''],
      ['mfa: true, device', 'mfa: "yes", device'],
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: ["*"]'],
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: { charge: any, refund: own }'],
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: { refund: { for: [] } }'],
      ['limit: 10/m', 'limit: 10 per minute'],
      ['rotate: 30d', 'rotate: 30'],
      ['POST /checkout: {', 'Post /checkout: {'],
      ['rows: own, except: [admin]', 'rows: mine, except: [admin]'],
      ['put: own', 'write: own'],
    ] as const) {
      expect(validate(parse(edited(from, to))), to).toBe(false)
    }
  })
})
