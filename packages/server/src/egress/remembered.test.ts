import { expect, test } from 'vitest'

import { remembered } from './remembered.ts'

test('what was found lately is not looked for again, and of what came since there are so many', () => {
  const looked: string[] = []
  const find = remembered((key) => looked.push(key), 3)
  expect([find('a'), find('b'), find('a'), find('c'), find('b')]).toEqual([1, 2, 1, 3, 2])
  expect(looked, 'control').toEqual(['a', 'b', 'c'])
  find('d')
  find('a')
  expect(looked).toEqual(['a', 'b', 'c', 'd', 'a'])
})
