import { describe, expect, it } from 'vitest'

import { loadManifest } from '../read/load-manifest.ts'
import { edited, exampleText, faultsOf, load, surroundingsOf } from '../testing/example.ts'
import { checkApp, type LoadedApp } from './load-app.ts'

const codes = (text: string): readonly string[] => [...new Set(faultsOf(text).map(({ code }) => code))]
const [invariantsAt, examplesAt] = [exampleText.indexOf('\nonly:'), exampleText.indexOf('\nexpect:')]

describe('an app that is put into force', () => {
  it('keeps its own word: the example does', () => {
    expect(load().ok).toBe(true)
  })

  it('has nobody behind a door of whom `only` does not speak', () => {
    const withoutExamples = exampleText.slice(0, examplesAt + 1)
    expect(load(withoutExamples).ok).toBe(true)
    const wider = edited('can: { email: [send] }', 'can: { email: [send], stripe: [charge] }', withoutExamples)
    expect(codes(wider)).toEqual(['only.violated'])
  })

  it('does what `expect` says, and does not do what it says it does not', () => {
    const withoutInvariants = exampleText.slice(0, invariantsAt) + exampleText.slice(examplesAt)
    expect(load(withoutInvariants).ok).toBe(true)
    expect(codes(edited('- customer@US ->', '- customer ->', withoutInvariants))).toEqual(['expect.failed'])
    const other = edited('- payments for admin+mfa+jit ->', '- payments for admin+jit ->', withoutInvariants)
    expect(codes(other)).toEqual(['expect.failed'])
  })

  it('keeps its word in the presence of its guests, too', async () => {
    const check = async (text: string): Promise<LoadedApp> => {
      const read = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text }))
      if (!read.ok) throw new Error('it cannot be read')
      return checkApp(read.app, async (asked) => asked)
    }
    expect((await check(exampleText)).ok).toBe(true)
    const wider = edited('can: { email: [send] }', 'can: { email: [send], stripe: [charge] }')
    expect(await check(wider)).toMatchObject({ ok: false, faults: [{ code: 'only.violated' }] })
    const other = edited('- customer@US ->', '- customer ->')
    expect(await check(other)).toMatchObject({ ok: false, faults: [{ code: 'expect.failed' }] })
  })

  it('tells of an example that is allowed which line allows it', () => {
    const [fault] = faultsOf(edited('- customer@US ->', '- customer ->'))
    expect(fault?.message).toMatch(/is allowed by sallyport\.yaml:\d+/)
    expect(fault?.suggestion).toBe('take that line away, or move the example to allow')
  })
})
