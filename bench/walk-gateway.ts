import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

import type { AccessRequest, Decision, Grant } from '@sallyport/core/access'
import { decisionRecord, type Outcome } from '@sallyport/core/enforcement'
import { createAuthenticator, createProofVerifier, createSeenOnce, createVerifier } from '@sallyport/core/identity'
import { ed25519Signer, generateEd25519 } from '@sallyport/core/ledger'
import { decide } from '@sallyport/core/policy'
import { explain, loadApp, matchRoute } from '@sallyport/manifest'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

import { openAdministration } from '../packages/server/src/administration/index.ts'
import { createLimiter, type Destination, ingressGate, startGateway } from '../packages/server/src/gateway/index.ts'
import type { InvocationResult, StreamedAnswer } from '../packages/server/src/host/index.ts'
import { nodeSha256, openLedger } from '../packages/server/src/ledger/index.ts'
import { newId, nodePrimitives, nowMs } from '../packages/server/src/operation/index.ts'

/** The gateway with every room behind it but the box. */
export interface BenchGateway {
  readonly port: number
  /** An access token of this user, good for an hour. */
  readonly tokenOf: (user: string, jkt?: string) => Promise<string>
  readonly revoke: (target: string, reason: string) => Promise<void>
}

/** What the function always answers. */
export const answer: Uint8Array = Buffer.from(
  '{"statusCode":200,"headers":{"content-type":"application/json"},"body":"{\\"ok\\":true}"}',
)

const manifest = `app: bench
issuers:
  corp: { issuer: https://issuer.example, audience: bench, roles: roles, jwks: keys.json }
people: { customer: {} }
zones: { public: { from: [internet] } }
functions:
  shop:
    zone: public
    code: shop.ts
    routes: { POST /orders/:id: { who: [customer] } }
  ticker:
    zone: public
    code: shop.ts
    routes: { GET /stream: { who: [customer] } }
`

/** A stream that says something every second and has no end of its own. */
async function* ticks(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield Buffer.from('tick\n')
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

async function invoke(
  functionName: string,
  onStream: ((answer: StreamedAnswer) => void) | undefined,
): Promise<InvocationResult> {
  if (functionName === 'shop') return { kind: 'response', body: answer }
  onStream?.({ status: 200, headers: [], body: ticks() })
  return new Promise(() => undefined) // lasts until its grant ends
}

/** Starts one, in a folder of its own that goes with the process. */
export async function openGateway(): Promise<BenchGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
  writeFileSync(join(folder, 'sallyport.yaml'), manifest)
  writeFileSync(join(folder, 'shop.ts'), 'export const handler = () => ({})')
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [jwk] }))
  const loaded = loadApp(folder, {
    readFile: (path) => readFileSync(path, 'utf8'),
    readBytes: (path) => readFileSync(path),
    realpath: (path) => realpathSync(path),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    environment: {},
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  const { app, compiled } = loaded
  const tokenOf = (user: string, jkt?: string): Promise<string> =>
    new SignJWT({ roles: ['customer'], client_id: 'c', jti: newId(), amr: ['pwd'], ...(jkt && { cnf: { jkt } }) })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
      .setIssuer('https://issuer.example')
      .setAudience('bench')
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
  const issuer = {
    kind: 'oidc',
    name: 'corp',
    issuer: 'https://issuer.example',
    audience: 'bench',
    rolesClaim: 'roles',
  } as const
  const keys = await generateEd25519()
  const signer = await ed25519Signer('bench.local/walk', keys.pkcs8, keys.publicKey)
  const ledger = await openLedger({
    folder: join(folder, 'ledger'),
    clock: nowMs,
    sha256: nodeSha256,
    signer,
    origin: 'bench.local/walk',
  })
  const administration = openAdministration({
    append: ledger.append,
    ruleOf: () => undefined,
    powersOf: () => '',
    samePerson: (one, other) => one === other,
    mayHold: () => true,
    clock: { nowMs, monotonicMs: () => performance.now(), bootId: 'bench' },
    newId,
    past: [],
    grantLifetimeMs: 60_000,
  })
  const verifier = createVerifier({
    issuers: [{ ...issuer, keys: { keys: [jwk] } }],
    nowSeconds: () => Math.floor(Date.now() / 1000),
    skewSeconds: 60,
    primitives: nodePrimitives,
    revokedAt: administration.revokedAt,
  })
  const nowSeconds = (): number => Math.floor(Date.now() / 1000)
  const proofs = createProofVerifier({ nowSeconds, seen: createSeenOnce(1_000_000), primitives: nodePrimitives })
  const gateway = await startGateway({
    port: 0,
    gate: ingressGate({
      app: 'bench',
      identify: createAuthenticator({ verifier, app: 'bench', proofs, isRevoked: administration.isRevoked }),
      deviceOf: (subject) => subject,
      dpopNonce: () => '',
      whenEnded: administration.whenEnded,
      standingOf: () => ({}),
      elevatedRoles: administration.elevatedRoles,
      countryOf: () => undefined,
      askGuests: (asked) => asked,
      decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) =>
        explain(decide(compiled.authority, asked), compiled, app),
      record: (decision: Decision) =>
        ledger.record(
          decisionRecord(decision, {
            door: 'ingress',
            at: nowMs(),
            durability: 'written',
            manifest: app.digest,
            isolation: 'none',
          }),
        ),
      admit: administration.admit,
      isCurrent: administration.isCurrent,
      settle: (grant: Grant, outcome: Promise<Outcome>) =>
        void outcome.then((known) =>
          ledger.append(
            {
              kind: 'outcome',
              at: nowMs(),
              decision: grant.decision.id,
              transaction: grant.decision.asked[0].transaction,
              outcome: known.outcome,
            },
            'written',
          ),
        ),
      invoke: ({ functionName, onStream }) => invoke(functionName, onStream),
      bodyCheck: () => undefined,
      timeoutMs: () => 10_000,
      limiter: createLimiter(nowMs),
      newId,
      nowMs,
    }),
    route: (method, path): Destination | undefined => {
      const match = matchRoute(app, method, path)
      if (match.kind === 'refused') return undefined
      const { name, arn, zone } = match.functionDeclaration
      return { functionName: name, functionArn: arn, zone, route: match.route, parameters: match.parameters }
    },
    mayKnock: () => true,
    onFailure: (cause) => console.error(cause),
    nowMs,
  })
  return { port: Number(new URL(gateway.url).port), tokenOf, revoke: administration.revoke }
}
