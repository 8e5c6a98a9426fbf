import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { webPrimitives } from './primitives.ts'
import { createTestIssuer, type TestIssuer, testNow } from './testing/test-issuer.ts'
import { createVerifier } from './token/verifier.ts'

let issuer: TestIssuer
let tokens: readonly (readonly [token: string, session: string, user: string])[]

beforeAll(async () => {
  issuer = await createTestIssuer()
  tokens = await Promise.all(
    [
      ['s1', 'alice'],
      ['s2', 'alice'],
      ['s3', 'bob'],
    ].map(async ([sid = '', sub = '']) => {
      const at = testNow - 10
      return [await issuer.token({ sid, sub, jti: sid, iat: at, auth_time: at }), sid, sub] as const
    }),
  )
})

/** One step of a history: present a token, take back a right, let time pass, let pending answers arrive. */
const step = fc.oneof(
  fc.record({ act: fc.constant('present' as const), token: fc.nat(2) }),
  fc.record({
    act: fc.constant('revoke' as const),
    target: fc.constantFrom('session/s1', 'session/s2', 'session/s3', 'user/alice', 'user/bob', 'key/k1'),
  }),
  fc.record({ act: fc.constant('wait' as const) }),
)

/** A runtime's own digest answers at once, and a hit is then one too. */
const atOnce = { ...webPrimitives, digest: (text: string) => createHash('sha256').update(text).digest('base64url') }

describe('a token in the cache', () => {
  for (const [how, primitives] of [
    ['', {}],
    [', answering at once', { primitives: atOnce }],
  ] as const) {
    test(`never outlives a revocation, whatever order things happen in${how}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(2), async (steps, maxCachedTokens) => {
          const revoked = new Map<string, number>()
          const verifier = createVerifier({
            issuers: [issuer.configuration],
            nowSeconds: () => testNow,
            skewSeconds: 0,
            maxCachedTokens: maxCachedTokens + 1,
            revokedAt: (target) => revoked.get(target),
            ...primitives,
          })
          const pending: Promise<void>[] = []
          for (const each of steps) {
            if (each.act === 'revoke') revoked.set(each.target, testNow * 1000)
            if (each.act === 'wait') await Promise.all(pending)
            if (each.act !== 'present') continue
            const [token = '', session, user] = tokens[each.token] ?? []
            const rests = [`session/${session}`, `user/${user}`, 'key/k1']
            const wasOver = rests.some((target) => revoked.has(target))
            pending.push(
              Promise.resolve(verifier.verify(token)).then((answer) => {
                // Over before it was asked: refused. Still good when the answer is there: accepted, cached or not.
                if (wasOver) expect(answer).toMatchObject({ kind: 'refused', code: 'token.revoked' })
                else if (!rests.some((target) => revoked.has(target))) expect(answer.kind).toBe('verified')
                return undefined
              }),
            )
          }
          await Promise.all(pending)
        }),
        { numRuns: 200 },
      )
    })
  }

  test('is a hit as long as nothing is revoked, which the property above would not tell', async () => {
    const verifier = createVerifier({ issuers: [issuer.configuration], nowSeconds: () => testNow, skewSeconds: 0 })
    const [token = ''] = tokens[0] ?? []
    expect(await verifier.verify(token)).toBe(await verifier.verify(token))
  })
})
