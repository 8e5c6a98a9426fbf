import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A key and a self-signed certificate, both PEM. */
export interface CanaryCertificate {
  readonly key: string
  readonly cert: string
}

/** A certificate for a canary of ours that speaks TLS: for localhost and 127.0.0.1, one day, made afresh each time. */
export function canaryCertificate(nowMs: number): CanaryCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(commonName, utf8('canary'))))
  const body = sequence(
    explicit(0, integer(Buffer.of(2))), // version 3, RFC 5280 §4.1.2.1
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    sequence(ecdsaWithSha256),
    name,
    sequence(utcTime(nowMs - 3_600_000), utcTime(nowMs + 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(sequence(subjectAltName, octets(sequence(dnsName('localhost'), ipAddress(127, 0, 0, 1)))))),
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, sequence(ecdsaWithSha256), bits(signature))
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

// DER, X.690 §8: tag, length, content.
function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const length =
    content.length < 128 ? Buffer.of(content.length) : Buffer.of(0x82, content.length >> 8, content.length & 255)
  return Buffer.concat([Buffer.of(tag), length, content])
}

const sequence = (...items: readonly Buffer[]): Buffer => tagged(0x30, ...items)
const set = (...items: readonly Buffer[]): Buffer => tagged(0x31, ...items)
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)
const bits = (bytes: Buffer): Buffer => tagged(0x03, Buffer.of(0), bytes)
const octets = (bytes: Buffer): Buffer => tagged(0x04, bytes)
const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text))
const explicit = (number: number, item: Buffer): Buffer => tagged(0xa0 + number, item)
const dnsName = (name: string): Buffer => tagged(0x82, Buffer.from(name))
const ipAddress = (...octetsOfAddress: readonly number[]): Buffer => tagged(0x87, Buffer.from(octetsOfAddress))
const utcTime = (atMs: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex') // 1.2.840.10045.4.3.2
const commonName = Buffer.from('0603550403', 'hex') // 2.5.4.3
const subjectAltName = Buffer.from('0603551d11', 'hex') // 2.5.29.17
