import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { encodeEntry } from '@sallyport/core/ledger'

import { fixIn, paste } from './terminal.ts'
import { anyPorts, fix, open, refusing, serving, servingSomewhere } from './world.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** Fixes that lead to a server or to what it wrote down. */
export function ofTheLedger(): void {
  fix(
    [
      'cli sallyport up',
      'cli sallyport up',
      'cli sallyport why',
      'cli sallyport why --last',
      'cli sallyport why --last',
    ],
    'what needs a server names the command that starts it, and what was refused the one that explains it',
    async () => {
      const folder = open()
      const asked = await paste('sallyport requests', folder)
      const ledger = await paste('sallyport why --last', folder)
      assert.equal(fixIn(asked), fixIn(ledger)) // both: sallyport up FOLDER
      const server = await servingSomewhere(fixIn(asked), '/')
      assert.equal((await paste('sallyport requests', folder)).code, 0)
      assert.equal((await paste('sallyport why --last', folder)).code, 0)

      const refused = await paste('sallyport secret set --as alice stripe-key', folder, { text: 'k' })
      assert.equal(refused.code, 1, refused.text)
      const why = await paste(fixIn(refused), folder)
      assert.match(why.text, /> deny {2}alice /)
      for (const line of ['sallyport why', 'sallyport why ffffffff']) {
        const last = await paste(fixIn(await paste(line, folder)), folder)
        assert.match(last.text, /> deny {2}alice /)
      }
      await server.stop()
    },
  )

  fix(['server/ledger mv'], 'a damaged ledger is left behind by the command that says where it goes', async () => {
    const folder = open()
    const up = `sallyport up '${folder}' ${anyPorts}`
    await (await serving(up, '/')).stop()
    const first = join(folder, '.sallyport/ledger/00000000.seg')
    const bytes = readFileSync(first)
    bytes.writeUInt8((bytes[20] ?? 0) ^ 1, 20)
    writeFileSync(first, bytes)
    const refused = await refusing(up, '/')
    assert.match(refused.text, /ledger\.damaged: .*00000000\.seg/)
    assert.equal((await paste(refused.fix, '/')).code, 0)
    await (await serving(up, '/')).stop()
    const kept = readdirSync(join(folder, '.sallyport')).filter((name) => name.startsWith('ledger.damaged-'))
    assert.equal(kept.length, 1)
  })

  fix(['cli sallyport why'], 'an id that fits more than one names one that fits', async () => {
    const folder = open()
    mkdirSync(join(folder, '.sallyport/ledger'), { recursive: true })
    const decision = (id: string): object => ({
      kind: 'decision',
      at: 1,
      door: 'ingress',
      id,
      transaction: id,
      subject: 'anonymous',
      subjectName: 'anonymous',
      actors: [],
      effect: 'deny',
      layer: 'resource',
      reasons: [{ code: 'policy.implicit_deny', layer: 'resource', message: 'no' }],
      asked: [{ action: 'sallyport:CallRoute', resource: 'arn:sallyport:route:small:public:front/POST /buy' }],
      context: {},
      durability: 'written',
      manifest: '0'.repeat(64),
      isolation: 'box (hard)',
    })
    const records = ['a'.repeat(31) + '1', 'a'.repeat(31) + '2'].map((id) =>
      encodeEntry(new TextEncoder().encode(JSON.stringify(decision(id))), sha256),
    )
    writeFileSync(join(folder, '.sallyport/ledger/00000000.seg'), Buffer.concat(records))
    const pasted = await paste(fixIn(await paste('sallyport why aaaa', folder)), folder)
    assert.match(pasted.text, /> deny {2}anonymous /)
  })
}
