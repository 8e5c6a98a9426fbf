import { once } from 'node:events'
import { connect } from 'node:net'

import { Secret } from '@sallyport/core/access'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { openAuthority } from '../../certificates/index.ts'
import { endings } from '../testing/endings.ts'
import { type Harness, openHarness } from '../testing/harness.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../testing/postgres-server.ts'

const password = 'the-real-password-0123456789'
const bin = findPostgres()
let server: PostgresServer | undefined
let caPem = ''

beforeAll(async () => {
  if (bin === undefined) return
  const kept = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'test',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
  })
  caPem = authority.caPem
  server = await startPostgres(bin, { user: 'shop', password }, await authority.leafFor(['localhost']))
}, 60_000)

afterAll(() => server?.close())

async function open(
  options: { tls?: string; secret?: string; user?: string; granted?: boolean } = {},
): Promise<Harness> {
  const { tls = 'required', secret = password, user = 'shop', granted = true } = options
  const door = [
    'to: postgres://127.0.0.1:5432',
    `upstream: postgres://localhost:${server?.port}`,
    'private: true',
    `user: ${user}`,
    'password: "{mail-token}"',
    'database: postgres',
    `tls: ${tls}`,
  ]
  const harness = await openHarness({
    ports: [5432],
    secrets: { 'mail-token': secret },
    rooms: { upstreamCaPem: caPem },
    manifest: (text) => {
      const bare = edited(
        'secrets: { stripe-key',
        `  db:\n    ${door.join('\n    ')}\nsecrets: { stripe-key`,
        text.slice(0, text.indexOf('only:  ')),
      )
      return granted ? edited('stripe: { charge: any,', 'db: [connect]\n      stripe: { charge: any,', bare) : bare
    },
  })
  endings.push(() => harness.close())
  return harness
}

/** A client as a function would write it: it knows a host, and no password. */
function clientOf(harness: Harness, more: object = {}): Client {
  const client = new Client({
    host: '127.0.0.1',
    port: harness.tcpPort(5432),
    user: 'whoever',
    database: 'any',
    ...more,
  })
  client.on('error', () => undefined) // what the door ends
  endings.push(() => client.end().catch(() => undefined))
  return client
}

const failure = (client: Client): Promise<string> =>
  client.connect().then(
    () => 'connected',
    (error: Error) => error.message,
  )

describe.skipIf(bin === undefined)('a postgres door, with the server that Debian ships', () => {
  it("signs in with the vault's password over TLS, and says who stands behind the session", async () => {
    const harness = await open()
    const client = clientOf(harness)
    await client.connect()
    const { rows } = await client.query(
      `select current_user as role, current_setting('sallyport.user') as person,
       current_setting('sallyport.transaction') as transaction, current_setting('application_name') as application,
       (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls, $1::int + 1 as sum`,
      [41],
    )
    expect(rows).toEqual([
      { role: 'shop', person: 'alice', transaction: 't1', application: 'payments for alice', tls: true, sum: 42 },
    ])
    expect(harness.decisions).toMatchObject([
      { effect: 'allow', asked: [{ resource: 'arn:sallyport:door:checkout::db/connect' }] },
    ])
    await client.end()
    await expect
      .poll(() => harness.others)
      .toMatchObject([{ outcome: 'done', tls: 'TLSv1.3', receivedBytes: expect.any(Number) }])
    expect(JSON.stringify([harness.decisions, harness.others, harness.lines, harness.environment])).not.toContain(
      password,
    )
  })

  it('speaks TLS toward the function as well, under the authority that boxes trust', async () => {
    const harness = await open()
    const client = clientOf(harness, { ssl: { ca: harness.caPem, checkServerIdentity: () => undefined } })
    await client.connect()
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('ends with the invocation', async () => {
    const harness = await open({ tls: 'off' })
    const client = clientOf(harness)
    await client.connect()
    const query = client.query('select pg_sleep(60)').catch((error: Error) => error.message)
    await harness.endInvocation()
    expect(await query).toMatch(/terminated|closed|reset/i)
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', tls: 'none' }])
  })

  for (const [what, options, code] of [
    ['a function that it was not granted to', { granted: false }, 'door.not_granted'],
    ['a wrong password in the vault', { secret: 'wrong' }, 'upstream.login'],
    ['a user that the server does not know', { user: 'nobody-there' }, 'upstream.login'],
  ] as const) {
    it(`is shut for ${what}; the client hears a code, and no word of the server`, async () => {
      const harness = await open(options)
      const said = await failure(clientOf(harness))
      expect(said).toMatch(new RegExp(`^${code.replace('.', '\\.')} \\(why: sallyport why [0-9a-f]{32}\\)$`))
      expect(said).not.toContain('shop')
    })
  }

  it('opens no replication, and what is no PostgreSQL goes nowhere', async () => {
    const harness = await open()
    expect(await failure(clientOf(harness, { replication: 'database' }))).toContain('door.field')
    const socket = connect(harness.tcpPort(5432), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.end('GET / HTTP/1.1\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    await expect
      .poll(() => harness.decisions.at(-1))
      .toMatchObject({ effect: 'deny', reasons: [{ code: 'request.malformed' }] })
  })
})
