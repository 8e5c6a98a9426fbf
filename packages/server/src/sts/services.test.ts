import { X509Certificate } from 'node:crypto'

import type { Subject } from '@sallyport/core/access'
import { createSeenOnce } from '@sallyport/core/identity'
import { beforeEach, expect, test } from 'vitest'

import { makeSvid, makeWorkloadRoot, type Svid } from '../certificates/index.ts'
import { compileServices, type Services } from './services.ts'

const hour = 3_600_000
const at = { file: 'sallyport.yaml', line: 1, column: 1 }
const id = 'spiffe://shop/zone/internal/function/nightly'
let clock: { now: number }
let own: { roots: readonly Uint8Array[]; jwtKeys: readonly object[] }
let svid: Svid
let revoked: readonly string[]
let services: Services

const derOf = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).raw)
const nameOf = (subject: Subject | undefined): string | undefined => subject?.refused?.code ?? subject?.name

beforeEach(async () => {
  clock = { now: Date.now() }
  const root = await makeWorkloadRoot('shop', clock.now, clock.now + 10 * hour)
  own = { roots: [derOf(root.certificate)], jwtKeys: [] }
  svid = await makeSvid(id, root, clock.now, hour)
  revoked = []
  services = compileServices({
    app: 'shop',
    services: [{ name: 'nightly', spiffeId: id, roles: ['reporter'], at }],
    trust: [],
    own: () => own,
    isRevoked: ({ name }) => revoked.includes(name),
    seen: createSeenOnce(10),
    nowMs: () => clock.now,
  })
})

test('a service is known by its certificate, with its roles and with what a policy may ask', () => {
  expect(services.byCertificate([derOf(svid.cert)])).toMatchObject({
    kind: 'user',
    id: 'arn:sallyport:identity:shop::user/service:nightly',
    roles: ['reporter'],
    authentication: { mfa: false, methods: ['swk'] },
    credential: { issuerName: 'service', binding: 'mtls', boundTo: [expect.any(String)] },
  })
})

test('on one connection it is asked anew whether the certificate is over, revoked, or of a root that is gone', () => {
  const chain = [derOf(svid.cert)]
  expect(nameOf(services.byCertificate(chain))).toBe('service:nightly')
  revoked = ['service:nightly']
  expect(nameOf(services.byCertificate(chain))).toBe('token.revoked')
  revoked = []
  const { roots } = own
  own = { ...own, roots: [] }
  expect(nameOf(services.byCertificate(chain))).toBeUndefined()
  own = { ...own, roots }
  clock.now = svid.expiresAtMs - 1
  expect(nameOf(services.byCertificate(chain))).toBe('service:nightly')
  clock.now += 1
  expect(nameOf(services.byCertificate(chain))).toBe('svid.expired')
})

test('a certificate of others is nobody here, and no fault: a token may be bound to it', async () => {
  const other = await makeWorkloadRoot('bank', clock.now, clock.now + hour)
  const stranger = await makeSvid('spiffe://bank/a', other, clock.now, hour)
  expect(services.byCertificate([derOf(stranger.cert)])).toBeUndefined()
  expect(services.byCertificate([new Uint8Array(10)])).toBeUndefined()
})

test('one that claims to be of ours and is not is refused', async () => {
  const forged = await makeWorkloadRoot('shop', clock.now, clock.now + hour)
  const chain = [derOf((await makeSvid(id, forged, clock.now, hour)).cert)]
  expect(nameOf(services.byCertificate(chain))).toBe('svid.untrusted')
})
