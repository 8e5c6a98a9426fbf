import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import { expect, test } from 'vitest'

import { shownChain } from './shown-chain.ts'

interface Shown {
  readonly raw: Buffer
  issuerCertificate?: Shown
}

/** The far end of a connection that showed so many certificates, the last of them a root. */
function showing(count: number): TLSSocket {
  const chain = Array.from({ length: count }, (_, index): Shown => ({ raw: Buffer.of(index) }))
  for (const [index, one] of chain.entries()) one.issuerCertificate = chain[index + 1] ?? one
  return Object.assign(new TLSSocket(new Socket()), { getPeerCertificate: () => chain[0] ?? {} })
}

test('what is shown is read up to its root, and not without end', () => {
  const lengths = [0, 1, 2, 5, 6, 100].map((count) => shownChain(showing(count)).length)
  expect(lengths).toEqual([0, 1, 2, 5, 5, 5])
})
