import { expect, test } from 'vitest'

import { failureDetail, publicFailure } from './invocation.ts'

test('the ledger is told which limit was met, and nothing that a function said', () => {
  const detail = (code: string, message: string): string => failureDetail({ kind: 'error', code, message })
  expect(detail('function.timed_out', 'no answer within 2000 ms')).toBe('function.timed_out: no answer within 2000 ms')
  expect(detail('function.out_of_memory', 'its limit of 128 MB was met\nkey=k-123')).toBe(
    'function.out_of_memory: its limit of 128 MB was met',
  )
  expect(detail('function.threw', 'Error: k-123')).toBe('function.threw')
})

test('whoever called is told what became of it: busy, too late, too large, or that it failed', () => {
  const codes = ['function.busy', 'function.timed_out', 'function.output_too_large', 'function.threw']
  const told = codes.map(publicFailure)
  expect(new Set(told).size).toBe(4)
  expect(publicFailure('function.exited')).toBe(told.at(-1))
})
