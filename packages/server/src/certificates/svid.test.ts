// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { trustDomainConstraints } from './name-constraints.ts'
import { parseSpiffeId } from './spiffe-id.ts'
import { verifySvid } from './verify-svid.ts'
import { makeSvid, makeWorkloadRoot, type Svid, type WorkloadRoot } from './workload.ts'

const now = Date.now()
const hour = 3_600_000
const id = 'spiffe://shop/zone/restricted/function/payments'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
let folder: string
let root: WorkloadRoot
let svid: Svid

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-svid-'))
  root = await makeWorkloadRoot('shop', now, now + 10 * hour)
  svid = await makeSvid(id, root, now, hour)
})
afterAll(() => rmSync(folder, { recursive: true }))

const derOf = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).rawData)

function codeOf(chain: readonly string[], roots: readonly string[] = [root.certificate], atMs = now): string {
  const verdict = verifySvid(chain.map(derOf), new Map([['shop', roots.map(derOf)]]), atMs)
  return verdict.kind === 'refused' ? verdict.code : 'verified'
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const orSkipped = (name: string): string => (hasOpenssl ? name : `skipped: openssl is not there: ${name}`)

/** What OpenSSL says of a certificate under the root, for one purpose. */
function openssl(pem: string, purpose: string, rootPem = root.certificate): string {
  const [leaf, ca] = [join(folder, 'leaf.pem'), join(folder, 'ca.pem')]
  writeFileSync(leaf, pem)
  writeFileSync(ca, rootPem)
  try {
    const args = ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', ca, leaf]
    return execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' }).replace(leaf, 'leaf').trim()
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  }
}

interface Handmade {
  readonly uris?: readonly string[]
  readonly ca?: boolean
  readonly usages?: number
  readonly purposes?: readonly string[]
  readonly more?: readonly Extension[]
  readonly issuer?: WorkloadRoot
  readonly fromMs?: number
  readonly untilMs?: number
  readonly pathLength?: number
}

/** A certificate that the root signed, whatever stands in it. */
async function handmade(made: Handmade): Promise<WorkloadRoot> {
  const { uris = [id], ca = false, usages = KeyUsageFlags.digitalSignature, issuer = root, more = [] } = made
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '4d',
    subject: `O=shop, CN=${uris.length} ${String(ca)}`,
    issuer: new X509Certificate(issuer.certificate).subject,
    notBefore: new Date(made.fromMs ?? now - hour),
    notAfter: new Date(made.untilMs ?? now + hour),
    signingKey: createPrivateKey(issuer.privatePem).toCryptoKey(algorithm, false, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(ca, made.pathLength, true),
      new KeyUsagesExtension(usages, true),
      ...(made.purposes === undefined ? [] : [new ExtendedKeyUsageExtension([...made.purposes])]),
      ...(uris.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url', value })))]),
      ...more,
    ],
  })
  return {
    certificate: certificate.toString('pem'),
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

describe('an SVID', () => {
  test.skipIf(!hasOpenssl)(
    orSkipped('holds before OpenSSL, as server and as client, and a forged one does not'),
    async () => {
      expect(openssl(svid.cert, 'sslclient')).toBe('leaf: OK')
      expect(openssl(svid.cert, 'sslserver')).toBe('leaf: OK')
      const foreign = await makeSvid(id, await makeWorkloadRoot('shop', now, now + hour), now, hour)
      expect(openssl(foreign.cert, 'sslclient')).not.toContain(': OK')
      // The thief has the root's key; what clients trust is still the certificate with its constraint.
      const forged = await handmade({ uris: ['spiffe://bank/zone/a/function/b'], purposes: ['1.3.6.1.5.5.7.3.2'] })
      expect(openssl(forged.certificate, 'sslclient')).toContain('permitted subtree violation')
    },
  )

  test('has exactly what the specification asks for', () => {
    const certificate = new X509Certificate(svid.cert)
    const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.toJSON()
    expect(names).toEqual([{ type: 'url', value: id }])
    const usages = certificate.getExtension(KeyUsagesExtension)
    expect([usages?.usages, usages?.critical]).toEqual([KeyUsageFlags.digitalSignature, true])
    expect(certificate.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([
      '1.3.6.1.5.5.7.3.1',
      '1.3.6.1.5.5.7.3.2',
    ])
    expect(certificate.notAfter).toEqual(new Date(Math.floor((now + hour) / 1_000) * 1_000))
    expect(svid.expiresAtMs).toBe(certificate.notAfter.getTime())
  })

  test('is verified, with its id and its end', () => {
    const bundles = new Map([['shop', [derOf(root.certificate)]]])
    const issuedAtMs = new X509Certificate(svid.cert).notBefore.getTime()
    const expected = { kind: 'verified', id: parseSpiffeId(id), issuedAtMs, expiresAtMs: svid.expiresAtMs }
    expect(verifySvid([derOf(svid.cert)], bundles, now)).toEqual(expected)
  })

  test('never outlives its root', async () => {
    const brief = await makeWorkloadRoot('shop', now, now + 60_000)
    const end = new X509Certificate(brief.certificate).notAfter.getTime()
    expect((await makeSvid(id, brief, now, hour)).expiresAtMs).toBe(end)
  })

  test('is refused before and after its time, each to the moment', () => {
    expect(codeOf([svid.cert], undefined, svid.expiresAtMs - 1)).toBe('verified')
    expect(codeOf([svid.cert], undefined, svid.expiresAtMs)).toBe('svid.expired')
    expect(codeOf([svid.cert], undefined, now - 6 * 60_000)).toBe('svid.not_yet_valid')
  })
})

describe('no SVID is', () => {
  const unknown = (bytes: number): Extension => new Extension('1.2.3.4', false, new Uint8Array(bytes))
  const cases: readonly [what: string, code: string, made: Handmade][] = [
    ['control: what is well made by hand', 'verified', {}],
    ['a certificate of another trust domain', 'svid.trust_domain', { uris: ['spiffe://bank/zone/a/function/b'] }],
    ['one with two URIs', 'svid.several_ids', { uris: [id, 'https://shop.example'] }],
    ['one with an id twice', 'svid.several_ids', { uris: [id, id] }],
    ['one without a URI', 'svid.id_missing', { uris: [] }],
    ['one that names the domain only', 'svid.id_malformed', { uris: ['spiffe://shop'] }],
    ['one with an escape in its id', 'svid.id_malformed', { uris: ['spiffe://shop/a%2fb'] }],
    ['an authority as leaf', 'svid.is_authority', { ca: true }],
    [
      'a leaf that may sign certificates',
      'svid.is_authority',
      { usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign },
    ],
    ['a leaf that may sign nothing', 'svid.key_usage', { usages: KeyUsageFlags.keyAgreement }],
    ['one for another purpose', 'svid.purpose', { purposes: ['1.3.6.1.5.5.7.3.3'] }],
    ['one for servers alone', 'svid.purpose', { purposes: ['1.3.6.1.5.5.7.3.1'] }],
    ['one that is over', 'svid.expired', { untilMs: now - 1_000 }],
    ['one of tomorrow', 'svid.not_yet_valid', { fromMs: now + 60_000 }],
    [
      'one with a critical extension that nobody knows',
      'svid.malformed',
      { more: [new Extension('1.2.3.4', true, new Uint8Array([5, 0]))] },
    ],
    ['control: with another that is not critical', 'verified', { more: [unknown(2)] }],
    ['one with an extension twice', 'svid.malformed', { more: [unknown(2), unknown(2)] }],
    ['control: with a large one', 'verified', { more: [unknown(15_000)] }],
    ['one larger than any', 'svid.malformed', { more: [unknown(16_384)] }],
  ]
  for (const [what, code, made] of cases) {
    test(what, async () => {
      expect(codeOf([(await handmade(made)).certificate])).toBe(code)
    })
  }

  test('one of a server that is for clients alone', async () => {
    const asServer = async (purpose: string): Promise<object> =>
      verifySvid(
        [derOf((await handmade({ purposes: [purpose] })).certificate)],
        new Map([['shop', [derOf(root.certificate)]]]),
        now,
        'server',
      )
    expect(await asServer('1.3.6.1.5.5.7.3.2')).toMatchObject({ code: 'svid.purpose' })
    expect(await asServer('1.3.6.1.5.5.7.3.1'), 'control').toMatchObject({ kind: 'verified' })
  })

  test('one of a foreign bundle, of the same name or not', async () => {
    const foreign = await makeWorkloadRoot('shop', now, now + hour)
    const forged = await makeSvid(id, foreign, now, hour)
    expect(codeOf([forged.cert])).toBe('svid.untrusted')
    expect(codeOf([forged.cert, foreign.certificate]), 'with its root beside it').toBe('svid.untrusted')
    expect(codeOf([forged.cert], [foreign.certificate]), 'control').toBe('verified')
  })

  test('one that a partner signed for our domain', async () => {
    const self = await makeWorkloadRoot('partner', now, now + hour)
    // An authority as most are: no constraint ties it to its own domain.
    const partner = await handmade({ issuer: self, ca: true, usages: KeyUsageFlags.keyCertSign, uris: [] })
    const forged = await handmade({ issuer: partner })
    const bundles = new Map([
      ['shop', [derOf(root.certificate)]],
      ['partner', [derOf(partner.certificate)]],
    ])
    expect(verifySvid([derOf(forged.certificate)], bundles, now)).toMatchObject({ code: 'svid.untrusted' })
    const own = await handmade({ issuer: partner, uris: ['spiffe://partner/a'] })
    expect(verifySvid([derOf(own.certificate)], bundles, now), 'control').toMatchObject({ kind: 'verified' })
  })

  test('one that our own root could not sign', async () => {
    // The thief has the root's key; what clients trust is still the certificate with its constraint.
    const forged = await handmade({ uris: ['spiffe://bank/zone/a/function/b'], purposes: ['1.3.6.1.5.5.7.3.2'] })
    const bundles = new Map([['bank', [derOf(root.certificate)]]])
    expect(verifySvid([derOf(forged.certificate)], bundles, now)).toMatchObject({ code: 'svid.untrusted' })
  })

  test('one with any byte changed', () => {
    const der = derOf(svid.cert)
    const bundles = new Map([['shop', [derOf(root.certificate)]]])
    for (let at = 0; at < der.length; at += 7) {
      const changed = der.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(verifySvid([changed], bundles, now).kind, `byte ${at}`).toBe('refused')
    }
  })

  test('one with something after it, or garbage above it', () => {
    const der = derOf(svid.cert)
    const bundles = new Map([['shop', [derOf(root.certificate)]]])
    const verdicts = [[der], [Buffer.concat([der, Uint8Array.of(0)])], [der, new Uint8Array([48, 3, 2, 1, 0])]].map(
      (chain) => verifySvid(chain, bundles, now),
    )
    expect(verdicts).toMatchObject([{ kind: 'verified' }, { code: 'svid.malformed' }, { code: 'svid.malformed' }])
  })

  test('nothing at all, garbage, or more than a chain', () => {
    expect(codeOf([])).toBe('svid.malformed')
    expect(verifySvid([new Uint8Array([48, 3, 2, 1, 0])], new Map(), now)).toMatchObject({ code: 'svid.malformed' })
    expect(codeOf([svid.cert, svid.cert, svid.cert, svid.cert, svid.cert])).toBe('svid.malformed')
  })
})

describe('an authority between', () => {
  const usages = KeyUsageFlags.keyCertSign
  /** A root that lets authorities stand below it, one below it, and a leaf of that. */
  async function chainWith(made: Handmade, pathLength: number | undefined = 1): Promise<string> {
    const self = await makeWorkloadRoot('shop', now, now + hour)
    const open = await handmade({ issuer: self, ca: true, usages, uris: [], pathLength })
    const between = await handmade({ issuer: open, ca: true, usages, uris: [], ...made })
    const leaf = await handmade({ issuer: between })
    return codeOf([leaf.certificate, between.certificate], [open.certificate])
  }

  const cases: readonly [what: string, code: string, made: Handmade][] = [
    ['control: is an authority', 'verified', {}],
    ['bears the id of its domain, if any', 'verified', { uris: ['spiffe://shop'] }],
    ['bears no id of another domain', 'svid.untrusted', { uris: ['spiffe://bank'] }],
    ['is a CA', 'svid.untrusted', { ca: false }],
    ['may sign certificates', 'svid.untrusted', { usages: KeyUsageFlags.digitalSignature }],
    ['is in its time', 'svid.untrusted', { untilMs: now - 1 }],
    ['keeps its constraint', 'svid.untrusted', { more: [trustDomainConstraints('bank')] }],
    ['control: with a constraint to this domain', 'verified', { more: [trustDomainConstraints('shop')] }],
    [
      'has a constraint that can be read',
      'svid.untrusted',
      { more: [new Extension('2.5.29.30', true, new Uint8Array([48, 5]))] },
    ],
  ]
  for (const [what, code, made] of cases) {
    test(what, async () => {
      expect(await chainWith(made)).toBe(code)
    })
  }

  test('stands there only where the root allows one', async () => {
    expect(await chainWith({}, 0)).toBe('svid.untrusted')
  })
})
