import { generateKeyPairSync, hash, type KeyObject, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'

import { importSignatureKey, signHttpMessage } from '@sallyport/core/identity'
import { exportJWK, type JWK, SignJWT } from 'jose'

import { makeSvid, makeWorkloadRoot } from '../../packages/server/src/certificates/index.ts'
import {
  makeDeviceAuthority,
  makeDeviceCertificate,
} from '../../packages/server/src/certificates/testing/device-certificates.ts'
import type { RunningServer, TestApp } from './harness.ts'

/** A certificate with its key, PEM both. */
export interface Shown {
  readonly cert: string
  readonly key: string
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** One request of somebody outside. */
export interface Call {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly shown?: Shown
}

/** Who comes from outside with proofs of their own. */
export interface Outsiders {
  /** The SVID of the partner's reports service. */
  readonly reports: Shown
  /** The SVID that another domain's authority made for the same id. */
  readonly impostor: Shown
  readonly laptop: Shown
  /** A certificate of the same name that no authority of devices made. */
  readonly copy: Shown
  /** A token of the issuer of deployments, with these roles. */
  readonly deploys: (roles: readonly string[]) => Promise<string>
  /** The headers of a request that the nightly service signed. */
  readonly signed: (server: RunningServer, method: string, path: string) => Promise<Readonly<Record<string, string>>>
  /** A proof of the client's key for this request, with this token where one is shown. */
  readonly proof: (method: string, url: string, token?: string) => Promise<string>
}

const hour = 3_600_000
const manifest = `trust: { partner.example: partner.pem }
services:
  reports: { id: "spiffe://partner.example/reports", roles: [writer] }
  nightly: { jwks: nightly.json, roles: [writer] }
devices: { authorities: devices.pem }
people:
  keeper: { device: managed }
`

/** Makes them, and writes them down in the app's manifest: `POST /tale` asks for a device. */
export async function inviteOutsiders(app: TestApp): Promise<Outsiders> {
  const now = Date.now()
  const [partner, stranger] = await Promise.all([1, 2].map(() => makeWorkloadRoot('partner.example', now, now + hour)))
  if (partner === undefined || stranger === undefined) throw new Error('two were made')
  const svidOf = (root: typeof partner): Promise<Shown> => makeSvid('spiffe://partner.example/reports', root, now, hour)
  const authority = await makeDeviceAuthority()
  const [laptop, copy] = await Promise.all([makeDeviceCertificate(authority), makeDeviceCertificate(undefined)])
  const [issuer, signer, client] = [keyPair(), keyPair(), keyPair()]
  app.edit('sallyport.yaml', 'people:\n', manifest)
  app.edit(
    'sallyport.yaml',
    'issuers:\n',
    `issuers:
  deploys: { issuer: https://deploys.example, audience: urn:notebook, roles: roles, jwks: deploys.json, exchange: true }
`,
  )
  app.edit(
    'sallyport.yaml',
    'GET /tale: { who: [writer] }',
    'GET /tale: { who: [writer] }\n      POST /tale: { who: [keeper] }',
  )
  app.write('partner.pem', partner.certificate)
  app.write('devices.pem', authority.pem)
  app.write('deploys.json', JSON.stringify({ keys: [await jwkOf(issuer.publicKey)] }))
  app.write('nightly.json', JSON.stringify({ keys: [await jwkOf(signer.publicKey)] }))
  const clientJwk = await exportJWK(client.publicKey)
  const signingKey = await importSignatureKey('k1', 'ecdsa-p256-sha256', await exportJWK(signer.privateKey), 'sign')
  return {
    reports: await svidOf(partner),
    impostor: await svidOf(stranger),
    laptop: { cert: laptop.pem, key: laptop.privatePem },
    copy: { cert: copy.pem, key: copy.privatePem },
    deploys: (roles) =>
      new SignJWT({ roles, client_id: 'ci', jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
        .setIssuer('https://deploys.example')
        .setAudience('urn:notebook')
        .setSubject('build-7')
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(issuer.privateKey),
    signed: async (server, method, path) => {
      const { host } = new URL(server.status.gateway)
      const message = {
        kind: 'request',
        method,
        scheme: 'https',
        authority: host,
        requestTarget: path,
        fields: [],
      } as const
      const covered = ['"@method"', '"@target-uri"']
      const createdSeconds = Math.floor(Date.now() / 1_000)
      const stated = { label: 'sig', covered, createdSeconds, nonce: randomUUID() }
      const { signatureInput, signature } = await signHttpMessage(message, stated, signingKey)
      return { 'signature-input': signatureInput, signature }
    },
    proof: (htm, htu, token) =>
      new SignJWT({
        htm,
        htu,
        jti: randomUUID(),
        ...(token === undefined ? {} : { ath: hash('sha256', token, 'base64url') }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: clientJwk })
        .setIssuedAt()
        .sign(client.privateKey),
  }
}

/** Sends it as whoever shows this certificate, or none. */
export function callFrom({ status: { gateway, caFile } }: RunningServer, call: Call): Promise<Answer> {
  const { method = 'GET', path, headers = {}, body, shown = {} } = call
  const ca = readFileSync(caFile, 'utf8')
  return new Promise((resolve, reject) => {
    const sent = request(gateway + path, { method, headers, ca, agent: false, ...shown }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => void (text += part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, body: objectIn(text) }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function objectIn(text: string): Answer['body'] {
  return text.startsWith('{') ? JSON.parse(text) : {}
}

function keyPair(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

async function jwkOf(key: KeyObject): Promise<JWK> {
  return { ...(await exportJWK(key)), kid: 'k1', alg: 'ES256' }
}
