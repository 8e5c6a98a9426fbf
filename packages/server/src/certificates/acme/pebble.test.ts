import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Resolver } from 'node:dns/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'

import type { Secret } from '@sallyport/core/access'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { openAuthority } from '../authority.ts'
import { type AcmeOptions, acmeCertificate } from './acme-certificate.ts'
import { freePort } from '../../operation/testing/free-port.ts'

// Debian's pebble, the test server of RFC 8555's authors, with its own DNS; it refuses half of all nonces here.
const [pebble, names] = ['/usr/bin/pebble', '/usr/bin/pebble-challtestsrv']
const isThere = existsSync(pebble) && existsSync(names)
const orSkipped = (name: string): string => (isThere ? name : `skipped: ${pebble} is not there: ${name}`)

let folder: string
let programs: readonly ChildProcess[] = []
let ports: readonly number[]
let caPem: string
const kept = new Map<string, string>()

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(`https://localhost:${port}/dir`, { ca: caPem, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.end()
  })
}

beforeAll(async () => {
  if (!isThere) return
  folder = mkdtempSync(join(tmpdir(), 'sallyport-acme-'))
  const secrets = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'pebble',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => secrets.get(name), setSecret: async (name, value) => secrets.set(name, value).size },
  })
  caPem = authority.caPem
  const { cert, key } = await authority.leafFor(['localhost'])
  const found = new Set<number>()
  while (found.size < 6) found.add(await freePort())
  ports = [...found]
  const [listen, management, http, tls, dns, dnsManagement] = ports
  const at = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const config = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: at('cert.pem', cert),
    privateKey: at('key.pem', key),
    httpPort: http,
    tlsPort: tls,
  }
  const file = at('config.json', JSON.stringify({ pebble: config }))
  const env = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20', PEBBLE_AUTHZREUSE: '0' }
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-management', `127.0.0.1:${dnsManagement}`]
  programs = [
    spawn(names, ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dns}`, ...off], { env }),
    spawn(pebble, ['-config', file, '-dnsserver', `127.0.0.1:${dns}`], { env }),
  ]
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${dns}`])
  await vi.waitFor(() => resolver.resolve4('shop.example'), { timeout: 30_000, interval: 100 })
  await vi.waitFor(async () => expect(await answers(Number(listen))).toBe(true), { timeout: 30_000, interval: 100 })
}, 60_000)

afterAll(async () => {
  await Promise.all(
    programs.map(async (program) => {
      program.kill()
      if (program.exitCode === null && program.signalCode === null) await once(program, 'exit')
    }),
  )
  if (isThere) rmSync(folder, { recursive: true })
})

const options = (changes: Partial<AcmeOptions> = {}): AcmeOptions => ({
  names: ['shop.example', 'www.shop.example'],
  directory: `https://localhost:${ports[0]}/dir`,
  caPem,
  host: '127.0.0.1',
  port: Number(ports[2]),
  store: {
    get: (kind, id) => kept.get(`${kind}/${id}`),
    put: (kind, id, value) => void kept.set(`${kind}/${id}`, value),
  },
  nowMs: Date.now,
  ...changes,
})

test.skipIf(!isThere)(
  orSkipped('a certificate is ordered, kept, and ordered anew in its last third'),
  async () => {
    const first = await acmeCertificate(options())
    const certificate = new X509Certificate(first.cert)
    expect(certificate.subjectAltName).toBe('DNS:shop.example, DNS:www.shop.example')
    expect(first.cert.match(/BEGIN CERTIFICATE/g)?.length, 'with its chain').toBeGreaterThan(1)
    expect((await acmeCertificate(options())).cert, 'while it is fresh').toBe(first.cert)
    const accounts = [...kept.keys()].filter((name) => name.startsWith('acme/account'))
    // By then another one is due; what is given is as young as it can be.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const later = await acmeCertificate(options({ nowMs: () => first.renewAtMs }))
    expect(later.cert).not.toBe(first.cert)
    expect([...kept.keys()].filter((name) => name.startsWith('acme/account'))).toEqual(accounts)
  },
  120_000,
)

test.skipIf(!isThere)(
  orSkipped('a challenge that nobody answers is refused, in words'),
  async () => {
    const elsewhere = await freePort()
    const why = acmeCertificate(options({ names: ['other.example'], port: elsewhere }))
    await expect(why).rejects.toMatchObject({ code: 'acme.refused', message: expect.stringContaining('refuses') })
  },
  120_000,
)

test.skipIf(!isThere)(
  orSkipped('an authority that nobody vouches for is not asked'),
  async () => {
    const { caPem: _, ...stranger } = options({ names: ['third.example'] })
    await expect(acmeCertificate(stranger)).rejects.toMatchObject({ code: 'acme.unavailable' })
  },
  60_000,
)
