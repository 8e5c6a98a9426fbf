import {
  createHash,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import { cpuUsage } from 'node:process'

import {
  createAuthenticator,
  createProofVerifier,
  createSeenOnce,
  createTicketVerifier,
  createVerifier,
  importSignatureKey,
  type IssuerConfiguration,
  mintTicket,
  signHttpMessage,
  signTicket,
  type TicketClaims,
  verifyHttpSignature,
  verifyTicket,
} from '@sallyport/core/identity'
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose'

import { nodePrimitives } from '../packages/server/src/operation/index.ts'

// npm run bench -- identity: processor time of one verification, each kind on the same tokens as its peer.

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
const issuer = 'https://issuer.example'
const audience = 'urn:sallyport:bench'
const rows: { what: string; micros: number }[] = []

/** Processor time of one `act`, in microseconds: the best of five rounds, for the machine is shared. */
async function measure(what: string, count: number, act: (index: number) => unknown): Promise<number> {
  for (let index = 0; index < Math.min(count, 200); index++) await act(index)
  let best = Infinity
  for (let round = 1; round <= 5; round++) {
    const before = cpuUsage()
    for (let index = 0; index < count; index++) await act(round * count + index)
    const { user, system } = cpuUsage(before)
    best = Math.min(best, (user + system) / count)
  }
  rows.push({ what, micros: best })
  return best
}

const claims = { client_id: 'bench', roles: ['customer'], scope: 'call', auth_time: nowSeconds() }
function token(alg: string, key: CryptoKey, changes: object = {}): Promise<string> {
  return new SignJWT({ ...claims, ...changes })
    .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('alice')
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)
}

const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const baselineBytes = Buffer.from('baseline')
const baselineSignature = signBytes('sha256', baselineBytes, {
  key: es256.privateKey,
  dsaEncoding: 'ieee-p1363',
})
const baseline = await measure('baseline: `node:crypto` verifies ES256, bare', 2_000, () =>
  verifyBytes('sha256', baselineBytes, { key: es256.publicKey, dsaEncoding: 'ieee-p1363' }, baselineSignature),
)

for (const alg of ['ES256', 'EdDSA', 'RS256']) {
  const pair = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: alg, alg }
  const configuration: IssuerConfiguration = {
    kind: 'embedded',
    name: 'embedded',
    issuer,
    audience,
    keys: { keys: [jwk] },
  }
  const options = { issuers: [configuration], nowSeconds, skewSeconds: 30, primitives: nodePrimitives }
  const cold = createVerifier({ ...options, maxCachedTokens: 0 })
  const some = await Promise.all(Array.from({ length: 50 }, () => token(alg, pair.privateKey)))
  const at = (index: number): string => some[index % some.length] ?? ''
  await measure(`${alg}: verified, every check`, 2_000, (index) => cold.verify(at(index)))
  const key = await importJWK(jwk, alg)
  await measure(`${alg}: jose \`jwtVerify\``, 2_000, (index) => jwtVerify(at(index), key, { issuer, audience }))
  if (alg !== 'ES256') continue
  const warm = createVerifier(options)
  await measure('a token in the cache, every check but the signature', 20_000, (index) => warm.verify(at(index)))
  await measureDpop(options, pair.privateKey)
}

async function measureDpop(options: Parameters<typeof createVerifier>[0], signer: CryptoKey): Promise<void> {
  const client = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(client.publicKey)
  const bound = await token('ES256', signer, { cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  const url = 'https://localhost:8443/orders'
  const ath = createHash('sha256').update(bound).digest('base64url')
  const proofs = await Promise.all(
    Array.from({ length: 6_200 }, () =>
      new SignJWT({ htm: 'POST', htu: url, jti: crypto.randomUUID(), ath })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(client.privateKey),
    ),
  )
  let next = 0
  const authenticate = createAuthenticator({
    verifier: createVerifier(options),
    app: 'bench',
    proofs: createProofVerifier({ nowSeconds, seen: createSeenOnce(100_000), primitives: nodePrimitives }),
  })
  await measure('a DPoP request: token in the cache, a fresh proof', 1_200, async () => {
    const proof = proofs[next++] ?? ''
    const evidence = { credentials: [`DPoP ${bound}`], proofs: [proof], target: { method: 'POST', url } }
    const subject = await authenticate(evidence)
    if (subject.refused !== undefined) throw new Error(subject.refused.code)
  })
}

const body = new TextEncoder().encode(JSON.stringify({ order: 'o1', amount: 4200 }))
const bodySha256 = createHash('sha256').update(body).digest('hex')
const ticket = (attempt: string): TicketClaims => ({
  audience: 'arn:sallyport:function:bench:restricted:payments',
  codeDigest: 'c'.repeat(64),
  bodySha256,
  actors: ['arn:sallyport:function:bench:public:storefront'],
  transaction: 't1',
  attempt,
  decision: 'd1',
  user: 'arn:sallyport:identity:bench::user/alice',
  issuedAtSeconds: nowSeconds(),
  expiresAtSeconds: nowSeconds() + 60,
})
const macKey = createSecretKey(Buffer.alloc(32, 7))
const mac = (text: string): Uint8Array => createHmac('sha256', macKey).update(text, 'latin1').digest()
const seen = createSeenOnce(1_000_000)
const signedText = 'a'.repeat(600)
await measure('two HMACs over 600 bytes, alone', 5_000, () => [mac(signedText), mac(signedText)])
await measure('a ticket inside the node: minted and verified (HMAC)', 5_000, (index) => {
  const given = ticket(`mac-${index}`)
  const text = mintTicket(mac, given)
  const expected = { audience: given.audience, codeDigest: given.codeDigest, bodySha256, nowSeconds: nowSeconds() }
  if (verifyTicket(mac, text, expected, seen).kind !== 'accepted') throw new Error('a good ticket was refused')
})

const node = await generateKeyPair('EdDSA', { extractable: true })
const nodeJwk = { ...(await exportJWK(node.publicKey)), kid: 'n1', alg: 'EdDSA' }
const far = createTicketVerifier({
  issuer,
  keys: { keys: [nodeJwk] },
  audience: ticket('').audience,
  codeDigest: ticket('').codeDigest,
  used: { shared: true, ...seen },
  nowSeconds,
})
await measure('a ticket that leaves the node: signed and verified (Ed25519)', 1_000, async (index) => {
  const text = await signTicket({ issuer, keyId: 'n1', privateKey: node.privateKey }, ticket(`far-${index}`))
  if ((await far.verify(text, body)).kind !== 'accepted') throw new Error('a good ticket was refused')
})

const signing = await importSignatureKey('k1', 'ed25519', await exportJWK(node.privateKey), 'sign')
const verifying = await importSignatureKey('k1', 'ed25519', await exportJWK(node.publicKey), 'verify')
const message = {
  kind: 'request',
  method: 'POST',
  scheme: 'https',
  authority: 'api.example',
  requestTarget: '/orders',
  fields: [['content-digest', `sha-256=:${createHash('sha256').update(body).digest('base64')}:`]],
} as const
const description = { label: 's', covered: ['"@method"', '"@target-uri"', '"content-digest"'] }
const made = await signHttpMessage(message, { ...description, createdSeconds: nowSeconds() }, signing)
const fields = [...message.fields, ['signature-input', made.signatureInput], ['signature', made.signature]] as const
await measure('an HTTP message signature with its digest (Ed25519)', 1_000, async () => {
  const verdict = await verifyHttpSignature({
    message: { ...message, fields },
    body,
    keyOf: () => verifying,
    policy: { required: ['@method', '@target-uri'], maxAgeSeconds: 3_600, skewSeconds: 5 },
    nowSeconds: nowSeconds(),
  })
  if (verdict.kind !== 'verified') throw new Error(verdict.code)
})

console.log('| what | CPU µs | × baseline |\n|---|---|---|')
for (const { what, micros } of rows) {
  console.log(`| ${what} | ${micros.toFixed(1)} | ${(micros / baseline).toFixed(2)} |`)
}
