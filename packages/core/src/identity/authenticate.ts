import { anonymous, type Subject } from '@sallyport/core/access'

import type { ProofVerifier } from './dpop/dpop.ts'
import { parseAuthorization, type Presented } from './token/parse-authorization.ts'
import { refuseToken, type TokenRefusal } from './refusal.ts'
import { subjectOf } from './token/subject-of.ts'
import type { VerifiedToken } from './token/verified-token.ts'
import type { Verifier } from './token/verifier.ts'

/** What one request presents, as it was read. */
export interface Evidence {
  /** Every Authorization header. */
  readonly credentials: readonly string[]
  /** Every DPoP header; none unless said. */
  readonly proofs?: readonly string[]
  /** Of the request itself; without it no proof can be checked, and bound tokens are refused. */
  readonly target?: { readonly method: string; readonly url: string }
  /** SHA-256 of the client certificate that the TLS connection proved, base64url (RFC 8705 §3.1); of its DER bytes. */
  readonly certificateThumbprint?: string
}

/** What tokens are judged by, besides themselves. */
export interface AuthenticatorOptions {
  readonly verifier: Verifier
  readonly app: string
  /** Without one, tokens that are bound to a key are refused. */
  readonly proofs?: ProofVerifier
  /** As the verifier asks it of every token; asked once more after a proof was waited for. */
  readonly isRevoked?: (subject: Subject) => boolean
}

/** What one request's evidence proves: a subject, or the anonymous one and why. At once where it can; never rejects. */
export type Authenticator = (evidence: Evidence) => Subject | Promise<Subject>

/** Puts token, proof and certificate together. What a token is bound to must be proved by whoever presents it. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verifier, app, proofs, isRevoked = () => false } = options

  // A hit in the verifier's cache is one and the same object, and so is the subject then: what is known of it stays.
  const subjects = new WeakMap<VerifiedToken, Subject>()

  /** Undefined when the presenter has everything that the token is bound to. */
  function unproved(
    { binding, digest }: VerifiedToken,
    { scheme }: Presented,
    evidence: Evidence,
  ): Promise<TokenRefusal | undefined> | TokenRefusal | undefined {
    const { certificateThumbprint, target } = evidence
    if (binding.certificateThumbprint !== undefined && binding.certificateThumbprint !== certificateThumbprint) {
      const isShown = certificateThumbprint !== undefined
      return refuseToken(isShown ? 'token.certificate_mismatch' : 'token.certificate_missing')
    }
    if (binding.keyThumbprint === undefined) {
      // RFC 9449 §7.1: who says DPoP must mean it, or a proof would be taken for one that binds.
      if (scheme === 'dpop') return refuseToken('token.not_bound')
      return (evidence.proofs ?? []).length > 0 ? refuseToken('dpop.unexpected') : undefined
    }
    // RFC 9449 §7.2: a bound token under the Bearer scheme is a stolen one.
    if (scheme === 'bearer' || proofs === undefined || target === undefined) {
      return refuseToken('token.sender_constrained')
    }
    const { keyThumbprint } = binding
    return proofs.verify(evidence.proofs ?? [], { ...target, tokenDigest: digest, keyThumbprint })
  }

  function subjectNow(verified: VerifiedToken, refusal: TokenRefusal | undefined): Subject {
    if (refusal !== undefined) return refused(refusal)
    const subject = subjects.get(verified) ?? subjectOf(verified, app)
    subjects.set(verified, subject)
    return isRevoked(subject) ? refused(refuseToken('token.revoked')) : subject
  }

  function afterToken(
    verified: VerifiedToken | TokenRefusal,
    presented: Presented,
    evidence: Evidence,
  ): Subject | Promise<Subject> {
    if (verified.kind === 'refused') return refused(verified)
    const refusal = unproved(verified, presented, evidence)
    return refusal instanceof Promise
      ? refusal.then((answer) => subjectNow(verified, answer))
      : subjectNow(verified, refusal)
  }

  return (evidence) => {
    const presented = parseAuthorization(evidence.credentials)
    if ('kind' in presented) return refused(presented)
    const verified = verifier.verify(presented.token)
    return verified instanceof Promise
      ? verified.then((answer) => afterToken(answer, presented, evidence))
      : afterToken(verified, presented, evidence)
  }
}

function refused({ code, message }: TokenRefusal): Subject {
  return { ...anonymous, refused: { code, message } }
}
