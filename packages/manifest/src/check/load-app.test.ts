import { describe, expect, it } from 'vitest'

import { edited, exampleText, faultsOf, load } from '../testing/example.ts'

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
})
