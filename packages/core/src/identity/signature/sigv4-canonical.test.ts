import { expect, test } from 'vitest'

import { canonicalPath, canonicalQuery } from './sigv4-canonical.ts'

test.each(['/a%zz', '/%', '/a/%ff'])('the path %s, which nobody can read, has no canonical form', (path) => {
  expect(canonicalPath(path, false)).toBeUndefined()
  expect(canonicalPath('/a%2Fb', false)).toBe('/a%2Fb')
})

test.each(['%zz=1', 'a=%zz', 'a=1&%'])('the query %s, which nobody can read, has no canonical form', (query) => {
  expect(canonicalQuery(query)).toBeUndefined()
  expect(canonicalQuery('b=2&a=%41')).toBe('a=A&b=2')
})
