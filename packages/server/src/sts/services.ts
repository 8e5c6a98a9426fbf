import { hash } from 'node:crypto'

import { anonymous, arn, type Credential, type Subject } from '@sallyport/core/access'
import type { SeenOnce } from '@sallyport/core/identity'
import type { Service, TrustDomain } from '@sallyport/manifest'

import { type TrustBundles, verifySvid } from '../certificates/index.ts'
import { compileSigners, type SignedRequest } from './signed-requests.ts'

/** The services of one manifest, found by what they prove. */
export interface Services {
  /**
   * Whom a client certificate proves, as it was shown in the handshake, the leaf first; undefined for one that claims
   * to be of no trust domain that counts here: it may still be what a token is bound to.
   */
  readonly byCertificate: (chain: readonly Uint8Array[]) => Subject | undefined
  /** Whom the signature of a request proves (RFC 9421); absent where no service has keys. */
  readonly bySignature?: (request: SignedRequest) => Promise<Subject>
  readonly bySpiffeId: (id: string, proof: ServiceProof) => Subject
  /** By its role at AWS (`arn:aws:iam::…:role/…`, without its path). */
  readonly byAwsRole: (role: string, proof: ServiceProof) => Subject
  /** Public keys of a trust domain's JWT-SVIDs; undefined for one that does not count here. */
  readonly jwtKeysOf: (trustDomain: string) => readonly object[] | undefined
  /** Authorities of a trust domain, DER, the same objects while they stay; undefined for one that does not count. */
  readonly rootsOf: (trustDomain: string) => readonly Uint8Array[] | undefined
}

/** How a service proved itself. */
export interface ServiceProof extends Pick<Credential, 'keyId' | 'issuedAtSeconds' | 'boundTo' | 'binding'> {
  readonly expiresAtSeconds: number
}

/** What services are known by. */
export interface ServicesOptions {
  readonly app: string
  readonly services: readonly Service[]
  readonly trust: readonly TrustDomain[]
  /** Our own trust domain as it is now; its keys follow one another. */
  readonly own: () => { readonly roots: readonly Uint8Array[]; readonly jwtKeys: readonly object[] }
  /** What was used, so that a signed request is good once. */
  readonly seen: SeenOnce
  /** Asked whenever a service proved itself. */
  readonly isRevoked: (subject: Subject) => boolean
  readonly nowMs: () => number
}

/** Prepares the services of a manifest. */
export function compileServices(options: ServicesOptions): Services {
  const { app, services, trust, own, isRevoked, nowMs } = options
  const signerOf = compileSigners(options)
  const byId = new Map(services.flatMap((one) => (one.spiffeId === undefined ? [] : [[one.spiffeId, one] as const])))
  const byRole = new Map(services.flatMap((one) => (one.aws === undefined ? [] : [[plainRole(one.aws.role), one]])))
  const foreign: TrustBundles = new Map(
    trust.map(({ name, roots }) => [name, roots.map((root) => new Uint8Array(Buffer.from(root, 'base64')))]),
  )
  const foreignKeys = new Map(trust.map(({ name, jwtKeys }) => [name, jwtKeys]))
  /** A connection shows one chain; it is verified once for each set of authorities, and its time at every request. */
  const verdicts = new WeakMap<readonly Uint8Array[], Judged>()

  function judge(chain: readonly Uint8Array[]): Verified {
    const { roots } = own()
    const known = verdicts.get(chain)
    if (known !== undefined && nowMs() < known.untilMs && isSame(known.roots, roots)) return known.verdict
    const verdict = verifySvid(chain, new Map([...foreign, [app, roots]]), nowMs())
    verdicts.set(chain, { roots, verdict, untilMs: nowMs() + verdictLifetimeMs })
    return verdict
  }

  function subjectOf(service: Service | undefined, proof: ServiceProof): Subject {
    if (service === undefined) return refused('service.unlisted', 'No service of this name is written down here.')
    const { keyId, issuedAtSeconds, boundTo, binding, expiresAtSeconds } = proof
    const name = `service:${service.name}`
    const subject: Subject = {
      kind: 'user',
      id: arn.user(app, name),
      name,
      roles: service.roles,
      authentication: { methods: ['swk'], mfa: false, authenticatedAtSeconds: 0, expiresAtSeconds },
      credential: { issuerName: 'service', keyId, issuedAtSeconds, scopes: [], tags: {}, boundTo, binding },
    }
    return isRevoked(subject) ? refused('token.revoked', 'What the service rests on was revoked.') : subject
  }

  const bySpiffeId: Services['bySpiffeId'] = (id, proof) => subjectOf(byId.get(id), proof)
  async function bySignature(request: SignedRequest): Promise<Subject> {
    const signer = await signerOf?.(request)
    if (signer?.kind !== 'signed') {
      return refused(signer?.code ?? 'http-signature.unknown_key', 'The signature of the request does not count here.')
    }
    const { service, keyId, thumbprint, createdSeconds } = signer
    return subjectOf(service, {
      keyId,
      issuedAtSeconds: createdSeconds,
      expiresAtSeconds: createdSeconds + signedSeconds,
      boundTo: [thumbprint],
      binding: 'signature',
    })
  }

  return {
    bySpiffeId,
    ...(signerOf === undefined ? {} : { bySignature }),
    byAwsRole: (role, proof) => subjectOf(byRole.get(role), proof),
    byCertificate: (chain) => {
      const verdict = judge(chain)
      if (verdict.kind === 'refused') {
        if (notOurs.has(verdict.code)) return undefined
        return refused(verdict.code, 'The client certificate proves no workload that counts here.')
      }
      const { id, issuedAtMs, expiresAtMs } = verdict
      if (nowMs() >= expiresAtMs) return refused('svid.expired', 'The client certificate is over.')
      const thumbprint = hash('sha256', chain[0] ?? new Uint8Array(), 'base64url')
      return bySpiffeId(id.text, {
        keyId: thumbprint,
        issuedAtSeconds: Math.floor(issuedAtMs / 1_000),
        expiresAtSeconds: Math.floor(expiresAtMs / 1_000),
        boundTo: [thumbprint],
        binding: 'mtls',
      })
    },
    rootsOf: (trustDomain) => (trustDomain === app ? own().roots : foreign.get(trustDomain)),
    jwtKeysOf: (trustDomain) => (trustDomain === app ? own().jwtKeys : foreignKeys.get(trustDomain)),
  }
}

/** What a signed request may last: as long as a token for which one exchanges. */
const signedSeconds = 300

type Verified = ReturnType<typeof verifySvid>

interface Judged {
  readonly verdict: Verified
  readonly roots: readonly Uint8Array[]
  readonly untilMs: number
}

/** An authority may end within a connection's life, too. */
const verdictLifetimeMs = 600_000

/** A certificate that claims no id of ours or of a partner's: self-signed, of a web server, of another company. */
const notOurs: ReadonlySet<string> = new Set([
  'svid.malformed',
  'svid.id_missing',
  'svid.id_malformed',
  'svid.trust_domain',
])

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((root, at) => root === b[at])
}

/** AWS leaves the path out of the ARNs of sessions; a role's name is unique in its account without it. */
function plainRole(role: string): string {
  return role.replace(/:role\/.*?([^/]+)$/, ':role/$1')
}

function refused(code: string, message: string): Subject {
  return { ...anonymous, refused: { code, message } }
}
