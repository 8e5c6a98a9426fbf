import { expect, test } from 'vitest'

import { readPrivateFile } from './private-files.ts'

test('nothing is read for a file that cannot be opened, and only for one that is not there is there no text', () => {
  expect(readPrivateFile('/nowhere/root.key')).toBeUndefined()
  expect(() => readPrivateFile('/dev/null/root.key')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }))
})
