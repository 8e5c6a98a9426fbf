import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { TLSSocket } from 'node:tls'
import { join } from 'node:path'

import type { Secret } from '@sallyport/core/access'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { type Authority, openAuthority } from './certificates/index.ts'
import { keepLooking, openOutsideCertificate, type OutsideCertificate } from './outside-certificate.ts'

const name = 'shop.example'
const hour = 3_600_000
let folder: string
let clock: { now: number }
let authority: Authority

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-outside-'))
  // Half a day ago: what is made then still holds for the real clock of a handshake, and so does what is made now.
  clock = { now: Date.now() - 12 * hour }
  const kept = new Map<string, Secret<string>>()
  authority = await openAuthority({
    kind: 'gateway',
    app: 'outside',
    permittedNames: ['example'],
    nowMs: () => clock.now,
    keeper: { useSecret: (one) => kept.get(one), setSecret: async (one, value) => kept.set(one, value).size },
  })
})
afterEach(() => rmSync(folder, { recursive: true }))

const store = {
  get: () => undefined,
  put: () => undefined,
  delete: () => undefined,
  ids: () => [],
  close: () => undefined,
}
const at = (file: string): string => join(folder, file)

function put({ cert, key }: { readonly cert: string; readonly key: string }): void {
  writeFileSync(at('cert.pem'), cert)
  writeFileSync(at('key.pem'), key)
}

function open(): Promise<OutsideCertificate> {
  const certificate = { kind: 'files', certificate: at('cert.pem'), key: at('key.pem') } as const
  return openOutsideCertificate({ name, listen: '127.0.0.1', certificate }, store, () => clock.now)
}

test('files are read again when they change, and half a replacement changes nothing', async () => {
  const first = await authority.leafFor([name])
  put(first)
  const certificate = await open()
  expect(certificate.first).toEqual({ cert: first.cert, key: first.key })
  const used: string[] = []
  const look = (): Promise<void> => certificate.look(({ cert }) => void used.push(cert))
  await look()
  expect(used).toEqual([])
  clock.now += 12 * hour
  const next = await authority.leafFor([name])
  writeFileSync(at('cert.pem'), next.cert)
  await expect(look()).rejects.toMatchObject({ code: 'certificates.files' })
  expect(used).toEqual([])
  put(next)
  await look()
  await look()
  expect(used).toEqual([next.cert])
})

test.each<[string, () => Promise<void>]>([
  ['that are not there', async () => rmSync(at('key.pem'))],
  ['of another name', async () => put(await authority.leafFor(['other.example']))],
  ['that are no certificate', async () => writeFileSync(at('cert.pem'), 'nothing')],
  ['that have run out', async () => void (clock.now += 25 * hour)],
])('files %s are not used', async (_, spoil) => {
  put(await authority.leafFor([name]))
  await spoil()
  await expect(open()).rejects.toMatchObject({ code: 'certificates.files' })
})

test('another certificate comes into use without a connection dropped', async () => {
  const first = await authority.leafFor([name])
  put(first)
  const certificate = await open()
  const server = createServer(certificate.first, (_, response) => response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on an address
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  const serial = (agent: Agent | false): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, servername: name, ca: authority.caPem, agent }
      const asked = request({ ...options, headers: { host: name } }, (response) => {
        const { socket } = response
        const serialNumber = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : 'none'
        response.resume().on('end', () => resolve(serialNumber))
      })
      asked.on('error', reject).end()
    })
  const before = await serial(kept)
  clock.now += 12 * hour
  put(await authority.leafFor([name]))
  const troubles: unknown[] = []
  const close = keepLooking(
    { ...certificate, lookEveryMs: 10 },
    (pair) => server.setSecureContext(pair),
    (cause) => {
      troubles.push(cause)
    },
  )
  await expect.poll(() => serial(false), { timeout: 10_000 }).not.toBe(before)
  expect(await serial(kept), 'the connection that was open').toBe(before)
  expect(troubles).toEqual([])
  close()
  kept.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('a fault is told once, until another one follows', async () => {
  put(await authority.leafFor([name]))
  const certificate = await open()
  rmSync(at('key.pem'))
  const troubles: unknown[] = []
  let looks = 0
  const counted: OutsideCertificate = {
    ...certificate,
    lookEveryMs: 5,
    look: (use) => {
      looks += 1
      return certificate.look(use)
    },
  }
  const close = keepLooking(
    counted,
    () => undefined,
    (cause) => void troubles.push(cause),
  )
  await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(3)
  close()
  expect(troubles).toHaveLength(1)
})
