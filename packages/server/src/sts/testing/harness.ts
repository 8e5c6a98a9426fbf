import { X509Certificate } from 'node:crypto'

import { anonymous, type Decision, type Grant, sealGrant, sealReceipt, type Subject } from '@sallyport/core/access'
import {
  type Authenticator,
  createAuthenticator,
  createProofVerifier,
  createSeenOnce,
  createVerifier,
  type JwksDocument,
} from '@sallyport/core/identity'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'

// The identity room's own test client and issuer: no second ones are made for this room.
import { createDpopClient, type DpopClient } from '../../../../core/src/identity/testing/dpop-client.ts'
import { makeSvid, makeWorkloadRoot, type Svid } from '../../certificates/index.ts'
import type { IngressRequest, IngressResponse } from '../../gateway/index.ts'
import { exchange, type ExchangeRooms } from '../exchange/exchange.ts'
import { compileServices } from '../services.ts'
import { openSts, type Sts } from '../sts.ts'

export const audience = 'urn:sallyport:checkout'
export const reportsId = 'spiffe://partner.example/reports'
export const tokenUrl = 'https://localhost:8443/.well-known/sallyport/token'
const hour = 3_600_000

/** What an exchange answered. */
export interface Answer {
  readonly status: number
  readonly headers: IngressResponse['headers']
  readonly body: Readonly<Record<string, unknown>>
}

/** An exchange without a server around it: every key is real, and policy allows what the exchange does not refuse. */
export interface ExchangeHarness {
  readonly sts: Sts
  readonly clock: { now: number }
  readonly client: DpopClient
  readonly decisions: Decision[]
  readonly revoked: Set<string>
  /** The SVID of the partner's reports service, and any other that the partner signs. */
  readonly svid: Svid
  readonly svidOf: (id: string) => Promise<Svid>
  readonly jwtSvid: (claims?: object, header?: object) => Promise<string>
  /** A token of the external issuer. */
  readonly token: (claims?: object) => Promise<string>
  /** An ID token of Google's, as whoever signs in there gets it. */
  readonly idToken: () => Promise<string>
  readonly proof: (claims?: object) => Promise<string>
  readonly ask: (form: Readonly<Record<string, string>> | string, request?: Partial<IngressRequest>) => Promise<Answer>
  /** What the gateway makes of a token that was taken for something. */
  readonly authenticate: Authenticator
}

/** The chain as the gateway reads it from the handshake. */
export function shown(svid: Svid): Pick<IngressRequest, 'certificates' | 'certificateThumbprint'> {
  const der = new X509Certificate(svid.cert)
  const hex = der.fingerprint256.replaceAll(':', '')
  return {
    certificates: [new Uint8Array(der.raw)],
    certificateThumbprint: Buffer.from(hex, 'hex').toString('base64url'),
  }
}

/** Opens it; `changes` take the place of rooms. */
export async function openExchange(changes: Partial<ExchangeRooms> = {}): Promise<ExchangeHarness> {
  const clock = { now: Math.floor(Date.now() / 1_000) * 1_000 }
  const nowMs = (): number => clock.now
  const nowSeconds = (): number => clock.now / 1_000
  const kept = new Map<string, string>()
  const store = {
    get: (kind: string, id: string) => kept.get(`${kind}/${id}`),
    put: (kind: string, id: string, value: string) => void kept.set(`${kind}/${id}`, value),
  }
  const sts = await openSts({
    app: 'checkout',
    audience,
    store,
    nowMs,
    publish: () => undefined,
    onTrouble: (cause) => {
      throw cause
    },
  })
  const partner = await makeWorkloadRoot('partner.example', clock.now, clock.now + 100 * hour)
  const svidOf = (id: string): Promise<Svid> => makeSvid(id, partner, clock.now, hour)
  const [workloadKey, issuerKey] = [await signingKey('p1'), await signingKey('i1')]
  const client = await createDpopClient()
  const revoked = new Set<string>()
  const isRevoked = ({ name }: Subject): boolean => revoked.has(name)
  const at = { file: 'sallyport.yaml', line: 1, column: 1 }
  const services = compileServices({
    app: 'checkout',
    services: [
      { name: 'reports', spiffeId: reportsId, roles: ['reporter'], at },
      { name: 'nightly', spiffeId: 'spiffe://checkout/zone/internal/function/nightly', roles: ['reporter'], at },
      {
        name: 'invoices',
        aws: {
          role: 'arn:aws:iam::123456789012:role/team/invoices',
          host: 'sts.eu-central-1.amazonaws.com',
          endpoint: 'https://sts.eu-central-1.amazonaws.com',
        },
        roles: ['reporter'],
        at,
      },
    ],
    trust: [
      {
        name: 'partner.example',
        roots: [new X509Certificate(partner.certificate).raw.toString('base64')],
        jwtKeys: [{ ...workloadKey.publicJwk, use: 'jwt-svid' }],
        digest: '',
        at,
      },
    ],
    own: sts.own,
    seen: createSeenOnce(1_000),
    isRevoked,
    nowMs,
  })
  const issuer = { kind: 'oidc', name: 'deploys', issuer: 'https://ci.example', audience, holds: ['deployer'] } as const
  const people = { kind: 'oidc', type: 'google', name: 'people', issuer: 'https://accounts.google.com' } as const
  const keys = jwks(issuerKey.publicJwk)
  const verifier = createVerifier({
    issuers: [
      { ...issuer, keys },
      { ...people, audience, only: { hd: ['corp.example'] }, keys },
      sts.accessTokens.issuer,
    ],
    nowSeconds,
    skewSeconds: 60,
    revokedAt: (target) => (revoked.has(target) ? clock.now + hour : undefined),
  })
  const proofs = createProofVerifier({ nowSeconds, seen: createSeenOnce(100_000) })
  const decisions: Decision[] = []
  let ids = 0
  const rooms: ExchangeRooms = {
    app: 'checkout',
    audience,
    tokens: sts.accessTokens,
    proofs,
    store,
    verifier,
    services,
    awsEndpoints: new Map([['sts.eu-central-1.amazonaws.com', 'https://sts.eu-central-1.amazonaws.com']]),
    askAws: () => Promise.reject(new Error('nobody asks AWS here')),
    mayAskAws: () => true,
    elevatedRoles: () => [],
    standingOf: () => ({}),
    countryOf: () => undefined,
    gather: (asked) => asked,
    decide: (asked) => {
      const [{ id, refusal }] = asked
      const decision: Decision =
        refusal === undefined
          ? { effect: 'allow', id, asked, reasons: [] }
          : { effect: 'deny', id, asked, explicit: false, layer: refusal.layer, reasons: [refusal] }
      decisions.push(decision)
      return decision
    },
    record: async ({ id }) => sealReceipt({ decision: id, leafIndex: 0n, durability: 'synced' }),
    admit: (decision, receipt): Grant =>
      sealGrant({ decision, receipt, expiresAt: clock.now + 1_000, epochs: new Map() }),
    isCurrent: () => true,
    settle: () => undefined,
    newId: () => `id${(ids += 1)}`,
    nowMs,
    dpopNonce: () => 'n1',
    ...changes,
  }
  const seconds = nowSeconds()
  const proof = (claims: object = {}): Promise<string> =>
    client.proof({ method: 'POST', url: tokenUrl, accessToken: '', now: nowSeconds() }, { ath: undefined, ...claims })
  return {
    sts,
    clock,
    client,
    decisions,
    revoked,
    svid: await svidOf(reportsId),
    svidOf,
    proof,
    jwtSvid: (claims = {}, header = {}) =>
      new SignJWT({ sub: reportsId, aud: [audience], iat: seconds, exp: seconds + 600, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'p1', typ: 'JWT', ...header })
        .sign(workloadKey.privateKey),
    token: (claims = {}) =>
      new SignJWT({
        iss: issuer.issuer,
        aud: audience,
        sub: 'build-7',
        client_id: 'ci',
        jti: 'b7',
        iat: seconds,
        exp: seconds + 600,
        roles: [],
        scope: 'read write',
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'i1', typ: 'at+jwt' })
        .sign(issuerKey.privateKey),
    idToken: () =>
      new SignJWT({ iss: people.issuer, aud: audience, sub: '7', hd: 'corp.example', iat: seconds, exp: seconds + 600 })
        .setProtectedHeader({ alg: 'ES256', kid: 'i1', typ: 'JWT' })
        .sign(issuerKey.privateKey),
    ask: async (form, request = {}) => {
      const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
      const response = await exchange(
        {
          method: 'POST',
          path: new URL(tokenUrl).pathname,
          query: '',
          headers: new Map([['content-type', 'application/x-www-form-urlencoded']]),
          credentials: [],
          proofs: [],
          url: tokenUrl,
          body: Buffer.from(body),
          remoteAddress: '127.0.0.1',
          receivedAt: clock.now,
          ...request,
        },
        rooms,
      )
      const { status, headers } = response
      return { status, headers, body: JSON.parse(Buffer.from(response.body).toString()) }
    },
    authenticate: createAuthenticator({ verifier, app: 'checkout', proofs, isRevoked }),
  }
}

async function signingKey(kid: string): Promise<{ readonly privateKey: CryptoKey; readonly publicJwk: object }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } }
}

function jwks(...keys: readonly object[]): JwksDocument {
  return { keys }
}

/** Who the gateway says that it is, or the code of why not. */
export function nameOf(subject: Subject): string {
  return subject.id === anonymous.id ? (subject.refused?.code ?? 'nobody') : subject.id
}
