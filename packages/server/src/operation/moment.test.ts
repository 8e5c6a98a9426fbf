import { expect, test } from 'vitest'

import { newId } from './moment.ts'

test('ids are 128 bits in hex and never repeat, also beyond one draw of random bytes', () => {
  const ids = Array.from({ length: 2_000 }, newId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(ids).not.toContain('0'.repeat(32))
})
