import { expect, test } from 'vitest'

import { describeError } from './failure-report.ts'

test('a report is as long as an operator reads, however long a function made it', () => {
  const report = { errorType: 'Error', errorMessage: 'x'.repeat(100_000), stackTrace: ['at somewhere'] }
  expect(describeError(Buffer.from(JSON.stringify({ ...report, errorMessage: 'y' })))).toBe('Error: y\nat somewhere')
  expect(describeError(Buffer.from(JSON.stringify(report)))).toHaveLength(16 * 1024)
})
