/** Why a presented credential was not accepted, each with the one line that a caller may be told. */
const messages = {
  'token.missing': 'No access token was presented.',
  'token.duplicated': 'More than one Authorization header was sent.',
  'token.scheme': 'The Authorization header uses neither the Bearer nor the DPoP scheme.',
  'token.too_large': 'The token is larger than any that an accepted issuer makes.',
  'token.malformed': 'The token is not a canonical compact JWS with a JSON object in it.',
  'token.header': 'The token header carries a member that may not decide how it is verified.',
  'token.type': 'The token is not of the kind that is accepted here.',
  'token.algorithm': 'The token is not signed with the algorithm of its issuer’s key.',
  'token.unknown_key': 'The token names a key that its issuer does not have.',
  'token.keys_unavailable': 'The issuer’s keys could not be had, so nothing can be verified.',
  'token.signature': 'The token’s signature is wrong.',
  'token.wrong_issuer': 'The token’s issuer is not one of those accepted here.',
  'token.wrong_audience': 'The token was made for somebody else.',
  'token.wrong_client': 'The token was made for a client that is not accepted here.',
  'token.expired': 'The token has expired; sign in again.',
  'token.not_yet_valid': 'The token is not valid yet; check the clocks.',
  'token.claims': 'The token lacks a claim that is needed, or one has an impossible value.',
  'token.binding': 'The token is bound to something that cannot be proved here.',
  'token.sender_constrained': 'The token is bound to a key and may not be used as a bearer token.',
  'token.not_bound': 'The token is presented with the DPoP scheme but bound to no key.',
  'token.certificate_missing': 'The token is bound to a client certificate, and none was shown.',
  'token.certificate_mismatch': 'The token is bound to another client certificate than the one shown.',
  'token.insufficient_scope': 'The token does not have the scope that is needed here.',
  'token.condition': 'The token does not meet a condition under which its issuer is trusted here.',
  'token.revoked': 'What the token rests on was revoked; sign in again.',
  'dpop.missing': 'The token is bound to a key, and no DPoP proof came with it.',
  'dpop.unexpected': 'A DPoP proof came with a token that is not presented with the DPoP scheme.',
  'dpop.duplicated': 'More than one DPoP proof was sent.',
  'dpop.too_large': 'The DPoP proof is larger than any that a client makes.',
  'dpop.malformed': 'The DPoP proof is not a canonical compact JWS with a JSON object in it.',
  'dpop.header': 'The DPoP proof’s header carries a member that may not decide how it is verified.',
  'dpop.type': 'The DPoP proof is not of the type dpop+jwt.',
  'dpop.algorithm': 'The DPoP proof is not signed with an algorithm that is accepted and fits its key.',
  'dpop.jwk': 'The DPoP proof carries no public key that can be used, or a private one.',
  'dpop.binding': 'The DPoP proof is signed by another key than the one the token is bound to.',
  'dpop.signature': 'The DPoP proof’s signature is wrong.',
  'dpop.claims': 'The DPoP proof lacks a claim that is needed, or one has an impossible value.',
  'dpop.method': 'The DPoP proof was made for another method.',
  'dpop.url': 'The DPoP proof was made for another address.',
  'dpop.access_token': 'The DPoP proof was made for another access token.',
  'dpop.expired': 'The DPoP proof is too old; make one for each request.',
  'dpop.not_yet_valid': 'The DPoP proof is from the future; check the clocks.',
  'dpop.nonce_required': 'The DPoP proof must hold the nonce that comes with this answer.',
  'dpop.nonce_stale': 'The DPoP proof holds a nonce that is over; use the one that comes with this answer.',
  'dpop.replayed': 'The DPoP proof was used before; make one for each request.',
  'dpop.replay_memory_full': 'Too many DPoP proofs are alive to tell used from unused, so none is taken.',
} as const

/** Stable codes, documented in docs/errors.md. */
export type TokenRefusalCode = keyof typeof messages

/** A credential that was not accepted. A denial is data; nothing of the token itself is in it. */
export interface TokenRefusal {
  readonly kind: 'refused'
  readonly code: TokenRefusalCode
  readonly message: string
}

/** The refusal for a code, with its fixed message. */
export function refuseToken(code: TokenRefusalCode): TokenRefusal {
  return { kind: 'refused', code, message: messages[code] }
}

/** Every code with its message, for the generated error list. */
export const tokenRefusalMessages: Readonly<Record<TokenRefusalCode, string>> = messages
