// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { connect, createServer, type TLSSocket } from 'node:tls'

import { BasicConstraintsExtension, ExtendedKeyUsageExtension, X509Certificate } from '@peculiar/x509'
import { Secret } from '@sallyport/core/access'
import { expect, test, vi } from 'vitest'

import { type AuthorityKeeper, type Leaf, openAuthority } from './authority.ts'

// It makes keys and certificates by the hundred.
vi.setConfig({ testTimeout: 60_000 })

function memoryKeeper(): AuthorityKeeper & { readonly kept: Map<string, Secret<string>> } {
  const kept = new Map<string, Secret<string>>()
  return {
    kept,
    useSecret: (name) => kept.get(name),
    setSecret: (name, value) => {
      kept.set(name, value)
      return Promise.resolve(1)
    },
  }
}

const day = 86_400_000
const open = (keeper: AuthorityKeeper, names: readonly string[], nowMs = Date.now()) =>
  openAuthority({ kind: 'gateway', app: 'test', permittedNames: names, keeper, nowMs: () => nowMs })

/** A TLS 1.3 handshake with this leaf; resolves with what the client made of it. */
async function handshake(leaf: Leaf, ca: string, servername: string): Promise<string> {
  const server = createServer({ ...leaf, minVersion: 'TLSv1.3' })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const client: TLSSocket = connect({ host: '127.0.0.1', port, ca, servername })
  const result = await new Promise<string>((resolve) => {
    client.once('secureConnect', () => resolve(client.getProtocol() ?? 'none'))
    client.once('error', (error) => resolve(error.message)) // Node has no code for this one
  })
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
  return result
}

test('a client that trusts the authority accepts a leaf for a permitted name, over TLS 1.3', async () => {
  const authority = await open(memoryKeeper(), ['localhost', '127.0.0.1'])
  expect(await handshake(await authority.leafFor(['localhost']), authority.caPem, 'localhost')).toBe('TLSv1.3')
})

test('a leaf for any other name is not made', async () => {
  const authority = await open(memoryKeeper(), ['localhost'])
  await expect(authority.leafFor(['bank.example'])).rejects.toMatchObject({ code: 'certificates.not_permitted' })
  await expect(authority.leafFor(['notlocalhost'])).rejects.toMatchObject({ code: 'certificates.not_permitted' })
  await expect(authority.leafFor(['10.0.0.1'])).rejects.toMatchObject({ code: 'certificates.not_permitted' })
  await expect(authority.leafFor([])).rejects.toMatchObject({ code: 'certificates.not_permitted' })
})

test('a leaf for another name, made with the stolen key, is refused by the client itself', async () => {
  // The thief widens the permitted names and keeps the certificate that clients already trust.
  const keeper = memoryKeeper()
  const { caPem } = await open(keeper, ['localhost'])
  const stolen = JSON.parse(keeper.kept.get('sallyport/ca-gateway')?.reveal() ?? '{}')
  const widened = { ...stolen, names: ['localhost', 'bank.example'] }
  keeper.kept.set('sallyport/ca-gateway', new Secret(JSON.stringify(widened)))
  const thief = await open(keeper, ['localhost', 'bank.example'])
  expect(thief.caPem).toBe(caPem)
  expect(await handshake(await thief.leafFor(['localhost']), caPem, 'localhost')).toBe('TLSv1.3')
  const forged = await thief.leafFor(['bank.example'])
  expect(await handshake(forged, caPem, 'bank.example')).toBe('permitted subtree violation')
})

const forgeries: readonly [string, readonly string[], string][] = [
  ['an authority of hosts speaks for no address', ['localhost'], '127.0.0.2'],
  ['an authority of hosts speaks for no address of IPv6', ['localhost'], '::1'],
  ['an authority of addresses speaks for no host', ['127.0.0.1'], 'bank.example'],
]
for (const [promise, names, forged] of forgeries) {
  test(`${promise}, even when its key is stolen`, async () => {
    const keeper = memoryKeeper()
    const { caPem } = await open(keeper, names)
    const stolen = JSON.parse(keeper.kept.get('sallyport/ca-gateway')?.reveal() ?? '{}')
    keeper.kept.set('sallyport/ca-gateway', new Secret(JSON.stringify({ ...stolen, names: [...names, forged] })))
    const thief = await open(keeper, [...names, forged])
    const [own = ''] = names
    const servername = own === 'localhost' ? own : ''
    expect(await handshake(await thief.leafFor([own]), caPem, servername)).toBe('TLSv1.3')
    expect(await handshake(await thief.leafFor([own, forged]), caPem, servername)).toBe('excluded subtree violation')
  })
}

test('is an authority for servers alone, and makes no other authority', async () => {
  const authority = await open(memoryKeeper(), ['localhost'])
  const [leaf, root] = [(await authority.leafFor(['localhost'])).cert, authority.caPem].map(
    (pem) => new X509Certificate(pem),
  )
  expect(leaf?.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: false })
  expect(leaf?.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(root?.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 0, critical: true })
})

test('a box that asks for one subdomain after another fills no memory', async () => {
  const authority = await open(memoryKeeper(), ['localhost'])
  const leafFor = (n: number): Promise<Leaf> => authority.leafFor([`${n}.localhost`])
  const first = await leafFor(0)
  expect(await leafFor(0)).toBe(first)
  await Promise.all(Array.from({ length: 256 }, (_, n) => leafFor(n + 1)))
  expect(await leafFor(0)).not.toBe(first)
})

test('the authority outlives a restart, and is made anew when it ages or its names change', async () => {
  const keeper = memoryKeeper()
  const first = await open(keeper, ['localhost'])
  expect((await open(keeper, ['localhost'])).caPem).toBe(first.caPem)
  expect((await open(keeper, ['localhost'], Date.now() + 300 * day)).caPem).not.toBe(first.caPem)
  const second = await open(keeper, ['localhost'])
  expect((await open(keeper, ['localhost', '127.0.0.1'])).caPem).not.toBe(second.caPem)
})

test('a leaf is kept while it is fresh, and never outlives its authority', async () => {
  const startMs = Date.UTC(2026, 0, 1)
  let nowMs = startMs
  const options = { kind: 'interception', app: 'test', permittedNames: ['localhost'] } as const
  const authority = await openAuthority({ ...options, keeper: memoryKeeper(), nowMs: () => nowMs })
  const first = await authority.leafFor(['localhost'])
  expect(first.renewAtMs - nowMs).toBe(day / 2)
  nowMs = first.renewAtMs - 1
  expect(await authority.leafFor(['localhost'])).toBe(first)
  nowMs = first.renewAtMs
  expect((await authority.leafFor(['localhost'])).cert).not.toBe(first.cert)
  nowMs = startMs + 7 * day - 3_600_000
  const last = await authority.leafFor(['localhost'])
  expect(last.renewAtMs).toBeLessThan(startMs + 7 * day)
  expect(new X509Certificate(last.cert).notAfter.getTime()).toBe(startMs + 7 * day)
  nowMs = startMs + 7 * day
  await expect(authority.leafFor(['localhost'])).rejects.toMatchObject({ code: 'certificates.expired' })
})

test('its key stands nowhere but in the vault', async () => {
  const keeper = memoryKeeper()
  const authority = await open(keeper, ['localhost'])
  const { key } = JSON.parse(keeper.kept.get('sallyport/ca-gateway')?.reveal() ?? '{}')
  expect(JSON.stringify([authority, keeper.kept.get('sallyport/ca-gateway')])).not.toContain(key.slice(20, 60))
})
