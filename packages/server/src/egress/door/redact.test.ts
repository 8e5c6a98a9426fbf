import { buffer } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

import { redact, redactFields, redactor, secretPatterns } from './redact.ts'

// With bytes that percent-encoding changes, and that base64 spells with both of its odd letters.
const secret = 'sk>live~?s3cret/of+the>door'
const patterns = secretPatterns([secret])
const base64At = (shift: number): string => Buffer.from(`${'x'.repeat(shift)}${secret}, and on`).toString('base64')

const forms: Readonly<Record<string, string>> = {
  'as it is': secret,
  'percent-encoded': encodeURIComponent(secret),
  'in hex': Buffer.from(secret).toString('hex'),
  'in base64': base64At(0),
  'in base64 behind one byte': base64At(1),
  'in base64 behind two bytes': base64At(2),
  'in base64 for URLs': base64At(0).replaceAll('+', '-').replaceAll('/', '_'),
}

describe('a secret', () => {
  for (const [how, text] of Object.entries(forms)) {
    it(`${how} is starred out, and nothing around it`, () => {
      const answer = `{"was": "${text}"}`
      const [cleared, control] = [redact(Buffer.from(answer), patterns), redact(Buffer.from('{"was": "x"}'), patterns)]
      expect(cleared.length).toBe(answer.length)
      // Of base64, the letters at either end also depend on what stands beside it.
      expect(String(cleared)).toMatch(/^\{"was": "[^*]{0,3}\*{20,}[^*]{0,16}"\}$/)
      expect(String(control)).toBe('{"was": "x"}')
    })
  }

  it('is starred out as often as it comes, also where it overlaps itself', () => {
    const same = secretPatterns(['ababababab'])
    expect(String(redact(Buffer.from('ababababab, ababababababab.'), same))).toBe(
      `${'*'.repeat(10)}, ${'*'.repeat(14)}.`,
    )
  })

  it('that is too short is not looked for, or ordinary text would be stars', () => {
    expect(String(redact(Buffer.from('a door'), secretPatterns(['door'])))).toBe('a door')
    expect(String(redact(Buffer.from('a doors'), secretPatterns(['a door'])))).toBe('******s')
  })

  it('is starred out wherever a stream is cut', async () => {
    for (let at = 1; at < secret.length; at++) {
      const stream = redactor(patterns)
      stream.write(`a${secret.slice(0, at)}`)
      stream.end(`${secret.slice(at)}b`)
      expect(String(await buffer(stream))).toBe(`a${'*'.repeat(secret.length)}b`)
    }
  })

  it('that only began is given at the end, or after its time', async () => {
    const whole = redactor(patterns)
    whole.end(`a${secret.slice(0, 9)}`)
    expect(String(await buffer(whole))).toBe(`a${secret.slice(0, 9)}`)
    const held = redactor(patterns, 10)
    const heard: string[] = []
    held.on('data', (part: Buffer) => heard.push(String(part)))
    held.write(`a${secret.slice(0, 9)}`)
    await expect.poll(() => heard.join('')).toBe(`a${secret.slice(0, 9)}`)
    held.destroy()
  })
})

it('a secret among fields is starred out of the one that holds it, and the others stay as they are', () => {
  const fields = [
    ['content-type', 'text/plain'],
    ['x-key', 'it is a door'],
  ] as const
  expect(redactFields(fields, secretPatterns(['another'])), 'control').toEqual(fields)
  expect(redactFields(fields, secretPatterns(['a door']))).toEqual([
    ['content-type', 'text/plain'],
    ['x-key', 'it is ******'],
  ])
})
