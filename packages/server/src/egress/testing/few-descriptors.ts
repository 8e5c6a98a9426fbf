// A vault, a ledger and a box's door in one process of few descriptors: few-descriptors.ts FOLDER apart|here.
// The door's parser is a process of its own, as it is for every box, or this one.
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { Secret } from '@sallyport/core/access'

import { openHarness } from './harness.ts'
import { realParsers } from '../../host/testing/real-parsers.ts'
import { nodeSha256, openLedger, openLedgerSigner } from '../../ledger/index.ts'
import { keepDescriptors } from '../../operation/index.ts'
import { openVault } from '../../vault/index.ts'

const [folder = '', mode] = process.argv.slice(2)
const origin = 'test/few-descriptors'
const vault = openVault({ folder: join(folder, 'keys'), random: randomBytes })
const ledger = await openLedger({
  folder: join(folder, 'ledger'),
  clock: Date.now,
  sha256: nodeSha256,
  signer: await openLedgerSigner(vault, origin),
  origin,
  segmentBytes: 500, // so that each record or two want another file
})
const descriptors = keepDescriptors(() => undefined, Date.now)
const parsers = mode === 'apart' ? await realParsers() : undefined
const harness = await openHarness({
  rooms: { limits: { connections: 10_000 } },
  ...(parsers && { channelTo: parsers.channelTo }),
})

const whether = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error & { code?: string }) => error.code ?? error.name,
  )

/** How many more files could be opened now; asks, when only a hundred are left, whether one may be. */
function spare(whenFew: () => unknown): number {
  const open: number[] = []
  try {
    for (;;) open.push(openSync('/dev/null', 'r'))
  } catch {
    const left = open.length // there are no more
    for (const each of open.splice(-100)) closeSync(each)
    whenFew()
    return left
  } finally {
    for (const each of open) closeSync(each)
  }
}

process.on('message', (word) => {
  if (word === 'end') return void (async () => process.exit(await parsers?.close().then(() => 0)))()
  void (async () => {
    const mayOpen = [descriptors.mayOpen('box')]
    const [receipts, left]: [string[], number] = [[], spare(() => mayOpen.push(descriptors.mayOpen('box')))]
    for (let index = 0; index < 6; index++) {
      const cause = `number ${index} ${'x'.repeat(200)}`
      receipts.push(await whether(ledger.append({ kind: 'gap', at: Date.now(), lost: 1, cause }, 'synced')))
    }
    const secret = await whether(vault.setSecret('stripe-key', new Secret('a secret value')))
    const codes = harness.decisions.map(({ reasons }) => reasons[0]?.code)
    process.send?.({ left, receipts, secret, codes, mayOpen })
  })()
})
process.send?.({ port: harness.httpPort })
