import { X509Certificate } from 'node:crypto'

import { anonymous } from '@sallyport/core/access'
import { contentDigest, importSignatureKey, verifyHttpSignature } from '@sallyport/core/identity'
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { expect, it } from 'vitest'

import { certificateThumbprint, verifySvid } from './certificates/index.ts'
import { functionIdentity } from './function-identity.ts'
import type { Invocation } from './host/index.ts'
import { openSts, type Sts } from './sts/index.ts'

const hour = 3_600_000
const day = 24 * hour
const subject = { ...anonymous, name: 'payments', workload: { zone: 'restricted', codeDigest: 'd1' } }
const invocation = { transaction: 't1', actors: ['a1'] } as unknown as Invocation // what is read of one
const id = 'spiffe://shop/zone/restricted/function/payments'

/** An STS on a clock of the test's own, over a store that outlives it. */
function harness() {
  const clock = { now: Date.now() }
  const kept = new Map<string, string>()
  const files: Record<string, object> = {}
  const open = (): Promise<Sts> =>
    openSts({
      app: 'shop',
      audience: 'urn:sallyport:shop',
      store: {
        get: (kind, name) => kept.get(`${kind}/${name}`),
        put: (kind, name, value) => void kept.set(`${kind}/${name}`, value),
      },
      nowMs: () => clock.now,
      publish: (next) => void Object.assign(files, next),
      onTrouble: (cause) => expect.fail(String(cause)),
    })
  return { clock, files, open }
}

interface Bundle {
  readonly spiffe_sequence: number
  readonly spiffe_refresh_hint: number
  readonly keys: readonly { readonly use: string; readonly kid?: string; readonly x5c?: readonly string[] }[]
}

const textAt = (sts: Sts, path: string): string => Buffer.from(sts.document(path)?.body ?? []).toString()
const bundleOf = (sts: Sts): Bundle => JSON.parse(textAt(sts, '/.well-known/spiffe-bundle'))

const rootsIn = ({ keys }: Bundle): readonly Uint8Array[] =>
  keys.flatMap(({ x5c = [] }) => x5c.map((text) => new Uint8Array(Buffer.from(text, 'base64'))))

it('a function shows who it is by a token that the published keys verify, also after a restart', async () => {
  const { open, files } = harness()
  ;(await open()).close()
  const sts = await open()
  const token = functionIdentity('shop', sts).identityToken('https://partner.example', subject, invocation)
  const documents = [textAt(sts, '/.well-known/sallyport/functions'), JSON.stringify(files['function-keys.json'])]
  for (const document of documents) {
    const keys = createLocalJWKSet(JSON.parse(document))
    const verified = await jwtVerify(token, keys, { audience: 'https://partner.example', algorithms: ['ES256'] })
    expect(verified.payload).toMatchObject({ sub: id, transaction: 't1', actors: ['a1'], code: 'd1' })
    expect((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0)).toBe(60)
    await expect(jwtVerify(token, keys, { audience: 'https://other.example' })).rejects.toThrow('aud')
  }
  sts.close()
})

it('and by a certificate that the bundle verifies, to which a token is bound where the door says so', async () => {
  const { open, clock } = harness()
  const sts = await open()
  const identity = functionIdentity('shop', sts)
  const svid = await identity.svidFor(subject)
  const bundle = bundleOf(sts)
  const verdict = verifySvid([new X509Certificate(svid.cert).raw], new Map([['shop', rootsIn(bundle)]]), clock.now)
  expect(verdict).toMatchObject({ kind: 'verified', id: { text: id } })
  expect(await identity.svidFor(subject), 'while it is fresh').toBe(svid)
  const token = identity.identityToken('https://partner.example', subject, invocation, svid)
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ cnf: { 'x5t#S256': certificateThumbprint(svid.cert) } })
  clock.now += hour / 2
  expect((await identity.svidFor(subject)).cert).not.toBe(svid.cert)
  sts.close()
})

it('a request that is signed for a function holds for that request, by the keys that are published', async () => {
  const { open, clock } = harness()
  const sts = await open()
  const body = new TextEncoder().encode('{"amount":5}')
  const message = {
    kind: 'request',
    method: 'POST',
    scheme: 'https',
    authority: 'partner.example',
    requestTarget: '/orders?a=1',
    fields: [['content-digest', await contentDigest(body)]],
  } as const
  const covered = ['@method', '@target-uri', 'content-digest']
  const added = await functionIdentity('shop', sts).signRequest(message, covered, subject)
  const { keys } = JSON.parse(textAt(sts, '/.well-known/sallyport/signatures')) as { keys: (JWK & { kid: string })[] }
  const verify = (changes: object, given = body): ReturnType<typeof verifyHttpSignature> =>
    verifyHttpSignature({
      message: { ...message, fields: [...message.fields, ...added], ...changes },
      body: given,
      keyOf: (kid) => {
        const jwk = keys.find((one) => one.kid === kid)
        return jwk === undefined ? undefined : importSignatureKey(kid, 'ed25519', jwk, 'verify')
      },
      policy: { tag: id, required: ['@method', '@target-uri'], maxAgeSeconds: 60, skewSeconds: 5 },
      nowSeconds: clock.now / 1_000,
    })
  expect(await verify({})).toMatchObject({ kind: 'verified', covered })
  expect(await verify({ requestTarget: '/orders?a=2' })).toMatchObject({ code: 'http-signature.wrong' })
  expect(await verify({}, new TextEncoder().encode('{}'))).toMatchObject({ code: 'http-signature.digest' })
  clock.now += 66_000
  expect(await verify({})).toMatchObject({ code: 'http-signature.expired' })
  sts.close()
})

it('the bundle says for whom each key signs, publishes no private half, and counts its changes', async () => {
  const { open, clock } = harness()
  const first = await open()
  const before = bundleOf(first)
  expect(before.keys.map(({ use }) => use)).toEqual(['x509-svid', 'jwt-svid'])
  expect(before.keys[1]?.kid).toBeDefined()
  expect(before.spiffe_refresh_hint).toBe(300)
  expect(JSON.stringify(before)).not.toMatch(/"d"|PRIVATE/)
  first.close()
  clock.now += 31 * day
  const second = await open()
  expect(bundleOf(second).spiffe_sequence).toBeGreaterThan(before.spiffe_sequence)
  second.close()
})

it('a new root is in the bundle before it signs, and the old one until its last certificate has ended', async () => {
  const { open, clock } = harness()
  const start = clock.now
  ;(await open()).close()
  const counts: string[] = []
  let last: { readonly raw: Uint8Array; readonly bundles: Map<string, readonly Uint8Array[]> } | undefined
  for (const [fromMs, toMs] of [
    [30 * day - hour, 30 * day + hour],
    [31 * day - hour, 31 * day + 2 * hour],
  ] as const) {
    for (let at = fromMs; at <= toMs; at += hour / 2) {
      clock.now = start + at
      const sts = await open()
      const roots = rootsIn(bundleOf(sts))
      const bundles = new Map([['shop', roots]])
      const raw = new Uint8Array(new X509Certificate((await functionIdentity('shop', sts).svidFor(subject)).cert).raw)
      expect(verifySvid([raw], bundles, clock.now).kind, 'what is signed now').toBe('verified')
      if (at > fromMs && last !== undefined) {
        expect(verifySvid([last.raw], bundles, clock.now).kind, 'what was signed before').toBe('verified')
        expect(verifySvid([raw], last.bundles, clock.now).kind, 'by what was fetched before').toBe('verified')
      }
      last = { raw, bundles }
      counts.push(`${at / hour} ${roots.length}`)
      sts.close()
    }
  }
  expect(counts.filter((line) => line.endsWith(' 2'))).toEqual(
    [720, 720.5, 721, 743, 743.5, 744, 744.5, 745, 745.5].map((at) => `${at} 2`),
  )
})
