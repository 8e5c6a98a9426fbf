// A vault, a ledger and a box's door in one process of few descriptors: few-descriptors.ts FOLDER kept|free
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { Secret } from '@sallyport/core/access'

import { openHarness } from './harness.ts'
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
const harness = await openHarness({
  rooms: {
    mayOpen: () => (mode === 'kept' ? descriptors.mayOpen('box') : true),
    limits: { connections: 10_000 },
  },
})

const whether = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error & { code?: string }) => error.code ?? error.name,
  )

/** How many more files could be opened now. */
function spare(): number {
  const open: number[] = []
  try {
    for (;;) open.push(openSync('/dev/null', 'r'))
  } catch {
    return open.length // there are no more
  } finally {
    for (const each of open) closeSync(each)
  }
}

process.on('message', (word) => {
  if (word === 'end') process.exit(0)
  void (async () => {
    const [receipts, left]: [string[], number] = [[], spare()]
    for (let index = 0; index < 6; index++) {
      const cause = `number ${index} ${'x'.repeat(200)}`
      receipts.push(await whether(ledger.append({ kind: 'gap', at: Date.now(), lost: 1, cause }, 'synced')))
    }
    const secret = await whether(vault.setSecret('stripe-key', new Secret('a secret value')))
    const codes = harness.decisions.map(({ reasons }) => reasons[0]?.code)
    process.send?.({ left, receipts, secret, codes })
  })()
})
process.send?.({ port: harness.httpPort })
