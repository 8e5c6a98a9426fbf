import fc from 'fast-check'
import { expect, test } from 'vitest'

import { hour, makeWorld } from './testing/harness.ts'

/** What may happen, in any order; the numbers choose people and times. */
const step = fc.oneof(
  fc.constant({ do: 'request' } as const),
  fc.record({ do: fc.constant('approve' as const), who: fc.nat(4) }),
  fc.record({ do: fc.constant('deny' as const), who: fc.nat(4) }),
  fc.record({ do: fc.constant('end' as const), who: fc.nat(4) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(2 * hour) }),
  fc.record({ do: fc.constant('set the wall clock' as const), ms: fc.integer({ min: -3 * hour, max: 3 * hour }) }),
  fc.constant({ do: 'restart' } as const),
  fc.constant({ do: 'boot' } as const),
  fc.record({ do: fc.constant('powers' as const), are: fc.constantFrom('refunds', 'payouts') }),
  fc.record({ do: fc.constant('lose or hold' as const), who: fc.nat(4), lost: fc.boolean() }),
  fc.constant({ do: 'sweep' } as const),
)

const names = ['ada', 'ada-ops', 'grace', 'grace-ops', 'eve']

test('an elevation lives only on the consents, the powers and the time that it was given', async () => {
  let lived = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 2 }), async (steps, approvals) => {
      const world = makeWorld()
      const people = names.map((name) => world.user(name, ['admin'], 1000 * hour))
      const idOf = (who: number): string => people[who]?.id ?? ''
      const personOf = (account: string): string => account.replace(/-ops$/, '')
      world.persons = [
        [idOf(0), idOf(1)],
        [idOf(2), idOf(3)],
      ]
      world.rule = { maxMs: hour, approvers: ['admin'], approvals, requestMs: 24 * hour, approvalMs: 2 * hour }
      // The true time, which no step can set back; and at which of it each record was made.
      let trueMs = 0
      const at = new Map<object, number>()
      const open = (): ReturnType<typeof world.open> =>
        world.open({
          append: (record) => {
            world.ledger.push(record)
            at.set(record, trueMs)
            return Promise.resolve()
          },
        })
      let administration = open()
      let id = ''
      for (const one of steps) {
        const [ada] = people
        if (ada === undefined) return
        const by = 'who' in one ? people[one.who] : ada
        if (by === undefined) return
        switch (one.do) {
          case 'request':
            id = await administration.request(ada, 'admin', 'why').then(
              (made) => made.id,
              () => id,
            )
            break
          case 'approve':
            await administration.approve(id, by).catch(() => undefined)
            break
          case 'deny':
            await administration.deny(id, by, 'no').catch(() => undefined)
            break
          case 'end':
            await administration.end(id, by, 'done').catch(() => undefined)
            break
          case 'pass':
            world.pass(one.ms)
            trueMs += one.ms
            break
          case 'set the wall clock':
            world.wallMs += one.ms
            await administration.sweep() // a second passes; the step is seen
            break
          case 'restart':
            administration = open()
            break
          case 'boot':
            Object.assign(world, { monotonicMs: 0, bootId: `boot ${trueMs} ${world.ledger.length}` })
            administration = open()
            break
          case 'powers':
            world.powers = one.are
            break
          case 'lose or hold':
            if (one.lost) world.lost.add(`${by.id} admin`)
            else world.lost.delete(`${by.id} admin`)
            break
          case 'sweep':
            await administration.sweep()
        }
        if (!administration.elevatedRoles(ada.id).includes('admin')) continue
        lived++
        const records = world.ledger.flatMap((record) => (record.kind === 'elevation' ? [record] : []))
        const granted = records.findLast(({ event }) => event === 'granted')
        const ofIt = records.filter(({ request }) => request === granted?.request)
        const consents = new Set(
          ofIt.flatMap(({ event, by: who }) => (event === 'approved' && who ? [personOf(who)] : [])),
        )
        expect(consents.has(ada.id)).toBe(false)
        expect(consents.size).toBeGreaterThanOrEqual(approvals)
        expect(granted?.powers).toBe(world.powers)
        expect(world.lost.has(`${ada.id} admin`)).toBe(false)
        expect(ofIt.at(-1)?.event).toBe('granted')
        // In one boot and with a server that looks, no clock makes it longer.
        const firstGrant = ofIt.find(({ event }) => event === 'granted')
        if (steps.some(({ do: what }) => what === 'boot')) continue
        expect(trueMs - (at.get(granted ?? {}) ?? 0)).toBeLessThan(hour)
        expect(trueMs - (at.get(firstGrant ?? {}) ?? 0)).toBeLessThan(2 * hour)
      }
    }),
    { numRuns: 300 },
  )
  expect(lived).toBeGreaterThan(0) // the property saw elevations at all
})
