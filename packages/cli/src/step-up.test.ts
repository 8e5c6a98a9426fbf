import { expect, test } from 'vitest'

import { stepUpIn, wordsOf } from './step-up.ts'

const cases: readonly [string | undefined, object | undefined][] = [
  [undefined, undefined],
  ['Bearer realm="shop", error="invalid_token"', undefined],
  [
    'Bearer realm="shop", error="insufficient_user_authentication", acr_values="urn:sallyport:acr:mfa", max_age="900"',
    { acrValues: 'urn:sallyport:acr:mfa', maxAge: '900' },
  ],
  ['DPoP error="insufficient_scope", scope="pay call"', { scope: 'pay call' }],
]
for (const [header, wanted] of cases) {
  test(`the challenge ${header ?? '(none)'} asks for ${JSON.stringify(wanted)}`, () => {
    expect(stepUpIn(header)).toEqual(wanted)
  })
}

test('what is asked for is said in words', () => {
  expect(wordsOf({ acrValues: 'urn:sallyport:acr:mfa', maxAge: '900' })).toBe('with two factors, not older than 900 s')
  expect(wordsOf({ scope: 'pay' })).toBe('for pay')
  expect(wordsOf({})).toBe('anew')
})
