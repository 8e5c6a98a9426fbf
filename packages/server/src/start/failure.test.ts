import { SallyportError } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { describeFailure } from './failure.ts'

test('what failed is told with its cause and its fix, and a terminal obeys none of it', () => {
  const cause = new TypeError("cannot set '\u001B[2K\u009Bx'")
  const failure = new SallyportError('dynamodb.tables', 'the tables\u202E ended', { cause, fix: 'sallyport up' })
  expect(describeFailure(failure)).toBe(
    "error dynamodb.tables: the tables\uFFFD ended\n  because: cannot set '\uFFFD[2K\uFFFDx'\n  fix: sallyport up",
  )
})
