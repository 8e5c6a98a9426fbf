import { expect, test } from 'vitest'

test('tests run the source as it stands, never an older build of it', () => {
  expect(import.meta.resolve('@sallyport/core/policy')).toMatch(/\/packages\/core\/src\/policy\/index\.ts$/)
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24)
})
