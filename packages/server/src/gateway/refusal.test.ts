import type { Deny } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { refusalResponse } from './refusal.ts'

function answer(
  code: string,
  dpop = false,
  more: Partial<Parameters<typeof refusalResponse>[1]> = {},
): { status: number; challenges: readonly string[]; body: string } {
  const reason = { code, layer: 'door', message: 'No.' } as const
  // Only what a refusal reads of a decision.
  const decision = { effect: 'deny', id: 'd1', reasons: [reason] } as unknown as Deny
  const { status, headers, body } = refusalResponse(decision, { realm: 'shop', dpop, ...more })
  const challenges = headers.filter(([name]) => name === 'www-authenticate').map(([, value]) => value)
  return { status, challenges, body: new TextDecoder().decode(body) }
}

const algs = 'algs="ES256 ES384 EdDSA Ed25519 PS256 RS256"'

describe('the challenge', () => {
  test('names both schemes to whoever has shown nothing', () => {
    expect(answer('token.missing')).toMatchObject({
      status: 401,
      challenges: ['Bearer realm="shop"', `DPoP realm="shop", ${algs}`],
    })
  })

  test.each<[string, boolean, number, string]>([
    ['token.expired', false, 401, 'Bearer realm="shop", error="invalid_token"'],
    ['token.revoked', false, 401, 'Bearer realm="shop", error="invalid_token"'],
    ['grant.ended', false, 401, 'Bearer realm="shop", error="invalid_token"'],
    ['token.expired', true, 401, `DPoP realm="shop", ${algs}, error="invalid_token"`],
    ['token.sender_constrained', false, 401, `DPoP realm="shop", ${algs}, error="invalid_token"`],
    ['dpop.replayed', true, 401, `DPoP realm="shop", ${algs}, error="invalid_dpop_proof"`],
    ['dpop.nonce_required', true, 401, `DPoP realm="shop", ${algs}, error="use_dpop_nonce"`],
    ['dpop.nonce_stale', true, 401, `DPoP realm="shop", ${algs}, error="use_dpop_nonce"`],
    ['token.insufficient_scope', false, 403, 'Bearer realm="shop", error="insufficient_scope"'],
    [
      'route.mfa_required',
      false,
      401,
      'Bearer realm="shop", error="insufficient_user_authentication", acr_values="urn:sallyport:acr:mfa"',
    ],
  ])('of %s (DPoP: %s) is %i with what mends it', (code, dpop, status, challenge) => {
    expect(answer(code, dpop)).toMatchObject({ status, challenges: [challenge] })
  })

  const assurance = { maxAgeSeconds: 900, mfa: false, scopes: ['pay', 'call'] }
  const stepUps: readonly [string, Parameters<typeof answer>[2], number, string][] = [
    ['route.authentication_too_old', { assurance }, 401, 'error="insufficient_user_authentication", max_age="900"'],
    [
      'route.authentication_too_old',
      { assurance, mfa: true },
      401,
      'error="insufficient_user_authentication", acr_values="urn:sallyport:acr:mfa", max_age="900"',
    ],
    [
      'route.mfa_required',
      { assurance },
      401,
      'error="insufficient_user_authentication", acr_values="urn:sallyport:acr:mfa", max_age="900"',
    ],
    ['route.insufficient_scope', { assurance }, 403, 'error="insufficient_scope", scope="pay call"'],
  ]
  for (const [code, more, status, challenge] of stepUps) {
    test(`of ${code} for ${JSON.stringify(more)} says how to sign in instead (RFC 9470)`, () => {
      expect(answer(code, false, more)).toMatchObject({ status, challenges: [`Bearer realm="shop", ${challenge}`] })
    })
  }

  test.each(['policy.implicit_deny', 'route.unlisted', 'request.path'])(
    'is none where signing in mends nothing: %s',
    (code) => {
      expect(answer(code).challenges).toEqual([])
    },
  )
})
