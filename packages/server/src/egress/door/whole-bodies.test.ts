import { expect, test } from 'vitest'

import { maxBytesOf, needsWhole } from './door.ts'

type Route = Parameters<typeof needsWhole>[0]

/** A route of an operation that asks nothing of its body; what is looked at of it is what `more` changes. */
function route(operation: object = {}, add: object = {}): Route {
  return {
    kind: 'door',
    door: { add: { body: {}, ...add } },
    operation: { retries: 0, maxBodyBytes: 1_000, ...operation },
  } as unknown as Route
}

for (const [what, given, whole] of [
  ['nobody looks into', route(), false],
  ['is judged', route({ body: { open: true, fields: [] } }), true],
  ['may be sent again', route({ retries: 1 }), true],
  ['is signed', route({}, { signed: true }), true],
  ['something is added to', route({}, { body: { key: '{key}' } }), true],
] as const) {
  const how = whole ? 'read whole, and as long as we hold one' : 'streamed, and as long as it may be'
  test(`a body that ${what} is ${how}`, () => {
    expect(needsWhole(given)).toBe(whole)
    expect(maxBytesOf(given, 100)).toBe(whole ? 100 : 1_000)
    expect(maxBytesOf(given, 5_000)).toBe(1_000)
  })
}
