import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { cpuUsage } from 'node:process'
import { connect, createServer } from 'node:tls'

import { makeSvid, makeWorkloadRoot, verifySvid } from '../packages/server/src/certificates/index.ts'
import { startTestProvider } from '../packages/server/src/identity-provider/testing/index.ts'
import { openVisit } from '../packages/server/src/identity-provider/testing/visitor.ts'
import { openExchange, shown } from '../packages/server/src/sts/testing/harness.ts'

// npm run bench -- workloads: what a workload's proofs cost, each in processor time. Handshakes and exchanges count
// both ends, which are in this process.

const rows: { what: string; micros: number }[] = []

/** Processor time of one `act`, in microseconds: the best of five rounds, for the machine is shared. */
async function measure(what: string, count: number, act: () => unknown): Promise<number> {
  for (let index = 0; index < Math.min(count, 50); index++) await act()
  let best = Infinity
  for (let round = 1; round <= 5; round++) {
    const before = cpuUsage()
    for (let index = 0; index < count; index++) await act()
    const { user, system } = cpuUsage(before)
    best = Math.min(best, (user + system) / count)
  }
  rows.push({ what, micros: best })
  return best
}

const now = Date.now()
const id = 'spiffe://bench/zone/restricted/function/payments'
const root = await makeWorkloadRoot('bench', now, now + 3_600_000)
const svid = await makeSvid(id, root, now, 3_600_000)
const chain = [new Uint8Array(new X509Certificate(svid.cert).raw)]
const bundles = new Map([['bench', [new Uint8Array(new X509Certificate(root.certificate).raw)]]])

await measure('an X.509-SVID: key made, certificate signed', 200, () => makeSvid(id, root, now, 3_600_000))
await measure('an X.509-SVID: verified', 500, () => {
  if (verifySvid(chain, bundles, now).kind !== 'verified') throw new Error('a good SVID was refused')
})

/** TLS 1.3 on loopback, a full handshake each; with a client certificate where one is given. */
async function handshakes(what: string, client: { key: string; cert: string } | undefined): Promise<number> {
  const rules = { requestCert: client !== undefined, rejectUnauthorized: client !== undefined }
  const server = createServer({ key: svid.key, cert: svid.cert, ca: root.certificate, ...rules }, (socket) => {
    socket.end('x')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on an address
  // The certificate has no host name; that it is the very one is enough here.
  const trust = { ca: root.certificate, checkServerIdentity: () => undefined }
  const micros = await measure(what, 200, async () => {
    const socket = connect({ host: '127.0.0.1', port, ...trust, ...client })
    socket.resume()
    await once(socket, 'secureConnect')
    await once(socket, 'close')
  })
  server.close()
  return micros
}
const plain = await handshakes('a TLS 1.3 handshake, P-256, both ends', undefined)
await handshakes('the same with a client certificate (mTLS)', svid)

const harness = await openExchange()
const certificate = shown(harness.svid)
await measure('a token for a client certificate (RFC 8705)', 300, async () => {
  const { status } = await harness.ask({ grant_type: 'client_credentials' }, certificate)
  if (status !== 200) throw new Error(`status ${status}`)
})
const subjectToken = await harness.jwtSvid()
await measure('a token exchange: JWT-SVID and DPoP proof, made by the client too', 300, async () => {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: subjectToken,
  }
  const { status, body } = await harness.ask(form, { proofs: [await harness.proof()] })
  if (status !== 200) throw new Error(String(body['code']))
})

const provider = await startTestProvider()
await measure(
  'a sign-in: password (argon2id), code with PKCE, tokens; five requests, each on a connection of its own',
  20,
  async () => {
    const visitor = openVisit(provider)
    const { status, body } = await visitor.exchange((await visitor.signInWithPassword('alice')).location)
    if (status !== 200) throw new Error(body)
  },
)
await provider.close()

console.log('| what | CPU µs | × TLS handshake |\n|---|---|---|')
for (const { what, micros } of rows) console.log(`| ${what} | ${micros.toFixed(0)} | ${(micros / plain).toFixed(2)} |`)
