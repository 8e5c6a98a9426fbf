import { expect, test } from 'vitest'

import { describeError, failureIn } from './failure-report.ts'

test('a stream has failed where its trailers say so, and nowhere else', () => {
  const report = Buffer.from('{"errorType":"E","errorMessage":"m"}').toString('base64')
  const trailers = { 'lambda-runtime-function-error-type': 'E', 'lambda-runtime-function-error-body': report }
  expect(failureIn(trailers)).toEqual({ kind: 'error', code: 'function.threw', message: 'E: m' })
  expect(failureIn({ 'lambda-runtime-function-error-body': report })).toBeUndefined()
})

test('a report that is none is told as that, and members that are no text are left out', () => {
  const told = (report: unknown): string => describeError(Buffer.from(JSON.stringify(report)))
  const none = 'the runtime reported an error that is not JSON'
  for (const report of [null, 1]) expect(told(report), String(report)).toBe(none)
  expect([describeError(Buffer.from('{')), describeError(undefined)]).toEqual([none, none])
  expect(told({ errorType: 'E', errorMessage: { a: 1 }, stackTrace: [2, 'at x'] })).toBe('E: \n\nat x')
  expect(told({ errorType: 'E', errorMessage: 'm', stackTrace: 'at x' })).toBe('E: m')
})

test('a report is as long as an operator reads, however long a function made it', () => {
  const report = { errorType: 'Error', errorMessage: 'x'.repeat(100_000), stackTrace: ['at somewhere'] }
  expect(describeError(Buffer.from(JSON.stringify({ ...report, errorMessage: 'y' })))).toBe('Error: y\nat somewhere')
  expect(describeError(Buffer.from(JSON.stringify(report)))).toHaveLength(16 * 1024)
})
