export { createAuthenticator, type Authenticator, type Evidence } from './authenticate.ts'
export { contentDigest, fitsDigest } from './signature/content-digest.ts'
export { decodeBase64url, encodeBase64url } from './encoding/base64url.ts'
export {
  type DeviceManager,
  type DeviceMoment,
  type DeviceStatementCode,
  type DeviceVerdict,
  verifyDeviceStatement,
} from './device/device-statement.ts'
export { createDpopNonces, type DpopNonces } from './dpop/dpop-nonce.ts'
export { createProofVerifier, type ProofVerifier, type ProofVerifierOptions } from './dpop/dpop.ts'
export { type EventMeaning, type RiskLevel, riskLevels } from './event/event-kinds.ts'
export { type EventSubject } from './event/event-subject.ts'
export { type EventRefusal, type EventRefusalCode } from './event/refusal.ts'
export { type EventTrust, maxEventAgeSeconds, type SecurityEvent, verifySecurityEvent } from './event/security-event.ts'
export { createKeySet, type KeySet } from './keys/key-set.ts'
export {
  discoverKeys,
  type FetchDocument,
  type FetchRules,
  type KeyAddress,
  parseKeyAddress,
} from './issuer/discovery.ts'
export { type FieldTypes, type HttpMessage, type HttpRequest, type HttpResponse } from './signature/http-message.ts'
export { importSignatureKey, type SignatureAlgorithm, type SignatureKey } from './signature/http-signature-key.ts'
export {
  type HttpSignatureCode,
  type HttpSignatureVerdict,
  type SignatureDescription,
  type SignaturePolicy,
  type SignedMessage,
  signHttpMessage,
  verifyHttpSignature,
} from './signature/http-signature.ts'
export {
  type CognitoIssuer,
  type EmbeddedIssuer,
  type IssuerConfiguration,
  type JwksDocument,
  type KeySource,
  type OidcIssuer,
  type StsIssuer,
} from './issuer/issuer.ts'
export { type ParsedJws, type ParsedJwt, parseJws, parseJwt } from './token/parse-jwt.ts'
export { type Algorithm as KeyAlgorithm } from './keys/algorithms.ts'
export { importKey, type KeyRecord, thumbprintInput, verifyJws } from './keys/key-record.ts'
export type { VerifyingKey } from './keys/verifying-key.ts'
export { type Primitives } from './primitives.ts'
export { type IssuerKind, issuerKinds, type IssuerProfile } from './issuer/issuer-kinds.ts'
export { lintTrust, type TrustConditions, type TrustFinding } from './issuer/lint-trust.ts'
export { reachOf } from './issuer/public-address.ts'
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
} from './signature/sigv4.ts'
export {
  createTicketVerifier,
  signTicket,
  type TicketSigner,
  type TicketVerifier,
  type TicketVerifierOptions,
  type UsedTickets,
} from './ticket/signed-ticket.ts'
export { subjectOf } from './token/subject-of.ts'
export {
  mintTicket,
  type TicketClaims,
  type TicketExpectations,
  type TicketMac,
  type TicketRefusalCode,
  type TicketVerdict,
  verifyTicket,
} from './ticket/ticket.ts'
export { type VerifiedToken } from './token/verified-token.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './token/verifier.ts'
