import { execFileSync } from 'node:child_process'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'

import { freshId, key, now, ticketOf, whose } from '../testing/bare-runtime.ts'

const python = '/usr/bin/python3'
const file = fileURLToPath(new URL('./client.py', import.meta.url))

describe('a client that has taken as many tickets as it can remember', () => {
  const most = 100_000
  const id = freshId()

  it('client.mjs refuses the next one rather than forget one that may come again', () => {
    const source = readFileSync(fileURLToPath(new URL('./client.mjs', import.meta.url)), 'utf8')
    const functions = source.slice(source.indexOf('function acceptTicket('), source.indexOf('/**\n * Adds to every'))
    const takeAfter = (taken: number): unknown => {
      const seen = new Map(Array.from({ length: taken }, (_, at) => [`t${at}`, now() + 60]))
      const around = {
        identity: { macKey: key, ...whose },
        seen,
        Buffer,
        createHash,
        createHmac,
        timingSafeEqual,
        Date,
      }
      const given = { ...around, parse: JSON.parse, ticket: ticketOf(id, '{}'), body: Buffer.from('{}'), id }
      return runInNewContext(`${functions}; acceptTicket(ticket, body, id).attempt`, given)
    }
    expect(takeAfter(most - 1), 'control').toBe(id)
    expect(() => takeAfter(most)).toThrow('ticket.replay_memory_full')
  })

  it.skipIf(!existsSync(python))(
    'client.py refuses the next one (where Python is installed)',
    { timeout: 60_000 },
    () => {
      const script = `
import base64, importlib.util, json, sys, time
spec = importlib.util.spec_from_file_location("client", sys.argv[1])
client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(client)
handed = {"key": base64.b64decode(sys.argv[2]), **json.loads(sys.argv[3])}
for taken in (${most - 1}, ${most}):
    seen = {f"t{at}": time.time() + 60 for at in range(taken)}
    try:
        print(client.accept_ticket(sys.argv[4], b"{}", sys.argv[5], handed, seen)["attempt"])
    except client.Refused as refused:
        print(refused)
`
      const given = [file, key.toString('base64'), JSON.stringify(whose), ticketOf(id, '{}'), id]
      const env = { PYTHONDONTWRITEBYTECODE: '1' }
      const said = execFileSync(python, ['-c', script, ...given], { env, encoding: 'utf8' })
      expect(said.trim().split('\n')).toEqual([id, 'ticket.replay_memory_full'])
    },
  )
})
