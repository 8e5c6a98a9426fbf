export { createAuthenticator, type Authenticator, type Evidence } from './authenticate.ts'
export { contentDigest, fitsDigest } from './content-digest.ts'
export { decodeBase64url, encodeBase64url } from './base64url.ts'
export { createDpopNonces, type DpopNonces } from './dpop-nonce.ts'
export { createProofVerifier, type ProofVerifier, type ProofVerifierOptions } from './dpop.ts'
export { discoverKeys, type FetchDocument, type KeyAddress } from './discovery.ts'
export { type FieldTypes, type HttpMessage, type HttpRequest, type HttpResponse } from './http-message.ts'
export { importSignatureKey, type SignatureAlgorithm, type SignatureKey } from './http-signature-key.ts'
export {
  type HttpSignatureCode,
  type HttpSignatureVerdict,
  type SignatureDescription,
  type SignaturePolicy,
  type SignedMessage,
  signHttpMessage,
  verifyHttpSignature,
} from './http-signature.ts'
export {
  type CognitoIssuer,
  type EmbeddedIssuer,
  type IssuerConfiguration,
  type JwksDocument,
  type KeySource,
  type OidcIssuer,
} from './issuer.ts'
export { type ParsedJws, type ParsedJwt, parseJws, parseJwt } from './parse-jwt.ts'
export { importKey, type KeyRecord, verifyJws } from './key-record.ts'
export { type IssuerKind, issuerKinds, type IssuerProfile } from './issuer-kinds.ts'
export { lintTrust, type TrustConditions, type TrustFinding } from './lint-trust.ts'
export { reachOf } from './public-address.ts'
export { refuseToken, type TokenRefusal, type TokenRefusalCode, tokenRefusalMessages } from './refusal.ts'
export { createSeenOnce, type SeenOnce } from './seen-once.ts'
export {
  type SignedRequest,
  type SigningCredential,
  type SigningKeys,
  type SigV4Code,
  type SigV4Result,
  type SigV4Tools,
  verifySigV4,
} from './sigv4.ts'
export {
  createTicketVerifier,
  signTicket,
  type TicketSigner,
  type TicketVerifier,
  type TicketVerifierOptions,
  type UsedTickets,
} from './signed-ticket.ts'
export { subjectOf } from './subject-of.ts'
export {
  mintTicket,
  type TicketClaims,
  type TicketExpectations,
  type TicketMac,
  type TicketRefusalCode,
  type TicketVerdict,
  verifyTicket,
} from './ticket.ts'
export { type VerifiedToken } from './verified-token.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'
