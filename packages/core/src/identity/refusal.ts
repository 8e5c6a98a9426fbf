/** Why a presented credential was not accepted, each with the one line that a caller may be told. */
const messages = {
  'token.missing': 'No bearer token was presented.',
  'token.duplicated': 'More than one Authorization header was sent.',
  'token.scheme': 'The Authorization header does not use the Bearer scheme.',
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
  'token.sender_constrained': 'The token is bound to a key and may not be used as a bearer token.',
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
