import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'node:tls'

import { Secret } from '@sallyport/core/access'
import type { Gate } from '@sallyport/core/enforcement'

import { openAuthority } from '../../packages/server/src/certificates/index.ts'
import { type IngressRequest, type IngressResponse, startGateway } from '../../packages/server/src/gateway/index.ts'
import { renewLeaf } from '../../packages/server/src/operation/index.ts'

const hour = 3_600_000
const names = ['localhost']

test('the gateway shows another certificate once the first is due, under the same authority', async () => {
  // Half a day ago: what is made then still holds for the real clock of the handshake, and is due now.
  const clock = { nowMs: Date.now() - 12 * hour }
  const nowMs = (): number => clock.nowMs
  const kept = new Map<string, Secret<string>>()
  const keeper = {
    useSecret: (name: string) => kept.get(name),
    setSecret: (name: string, value: Secret<string>) => Promise.resolve(kept.set(name, value).size),
  }
  const authority = await openAuthority({ kind: 'gateway', app: 'notebook', permittedNames: names, keeper, nowMs })
  const first = await authority.leafFor(names)
  const gateway = await startGateway({
    port: 0,
    tls: first,
    gate: {} as Gate<IngressRequest, IngressResponse>, // no request is sent: only the handshake is looked at
    route: () => undefined,
    mayKnock: () => true,
    onFailure: () => undefined,
    nowMs,
  })
  const renew = renewLeaf(first, { nowMs, another: () => authority.leafFor(names), use: gateway.setCertificate })
  const serialNumber = (): Promise<string> => handshake(Number(new URL(gateway.url).port), authority.caPem)
  try {
    const shown = await serialNumber()
    await renew()
    assert.equal(await serialNumber(), shown, 'a certificate that is fresh stays')
    clock.nowMs += 12 * hour
    await renew()
    const next = await serialNumber()
    assert.notEqual(next, shown)
    await renew()
    assert.equal(await serialNumber(), next)
  } finally {
    await gateway.close()
  }
})

/** Shakes hands as a client that trusts this authority alone; gives the serial number of what was shown. */
function handshake(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port, ca, minVersion: 'TLSv1.3' }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
