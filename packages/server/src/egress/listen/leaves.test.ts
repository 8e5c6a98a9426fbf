import { expect, test } from 'vitest'

// The worked example is the fixture of the whole house.
import { mustLoad } from '../../../../manifest/src/testing/example.ts'
import { createLeaves } from './leaves.ts'

const { app } = mustLoad()

/** The names that were made certificates for, of these that a box asks for. */
async function madeFor(of: typeof app, names: readonly string[]): Promise<readonly string[]> {
  const made: string[] = []
  const leafFor = async (asked: readonly string[]): Promise<{ cert: string; key: string }> => {
    made.push(...asked)
    return { cert: 'cert', key: 'key' }
  }
  const leaves = createLeaves({ app: () => of, interception: { leafFor } as never })
  for (const name of names) await leaves(name)
  return made
}

const stripe = 'api.stripe.com'
const stripeAs = (change: Partial<(typeof app.doors)[number]>): typeof app => ({
  ...app,
  doors: app.doors.map((door) => ({ ...door, ...(door.name === 'stripe' && change) })),
})

test('there is a certificate for the host of a door, and for no other name', async () => {
  expect(await madeFor(app, [stripe, 'evil.example', 'stripe.com', `a.${stripe}`])).toEqual([stripe])
})

test('there is none for a door that is passed through, nor for one without TLS', async () => {
  expect(await madeFor(stripeAs({ kind: 'opaque' }), [stripe])).toEqual([])
  expect(await madeFor(stripeAs({ to: `http://${stripe}` }), [stripe])).toEqual([])
  expect(await madeFor(stripeAs({ kind: 'postgres', to: `tcp://${stripe}:5432` }), [stripe])).toEqual([stripe])
})
