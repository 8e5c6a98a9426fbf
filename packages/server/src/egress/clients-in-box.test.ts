import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { Secret } from '@sallyport/core/access'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { edited } from '../../../manifest/src/testing/example.ts'
import { openAuthority } from '../certificates/index.ts'
import { buildFunction, moduleFoldersOf } from '../host/index.ts'
import { type EngineUnderTest, makeEngine, openFolder } from '../host/testing/make-engine.ts'
import type { EmbeddedTables } from './aws/dynamodb.ts'
import { alice, type Harness, openHarness, realKey } from './testing/harness.ts'
import { openExampleTables } from './testing/open-tables.ts'
import { findPostgres, type PostgresServer, startPostgres } from './testing/postgres-server.ts'
import { type PlainUpstream, startUpstream } from './testing/stripe-door.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const password = 'the-real-password-0123456789'
const door = (port: number): string =>
  [
    '  db:',
    'to: postgres://db.internal',
    `upstream: postgres://127.0.0.1:${port}`,
    'user: shop',
    'password: "{mail-token}"',
    'database: postgres',
    'tls: off',
  ].join('\n    ')
/** Doors at ports of their own, inside: as a search engine or a service of one's own has them. */
const inside = (origin: string): string =>
  ['http://search.internal:9200', 'https://orders.internal:8443', 'http://plain.internal']
    .map((to, at) => `  inside${at}: { to: "${to}", upstream: "${origin}", ops: { ask: POST /v1/payment_intents } }\n`)
    .join('')
const bin = findPostgres()
const folder = openFolder()
let upstream: PlainUpstream
let database: PostgresServer | undefined
let tables: EmbeddedTables
let harness: Harness
let host: EngineUnderTest

beforeAll(async () => {
  upstream = await startUpstream()
  tables = await openExampleTables()
  const kept = new Map<string, Secret<string>>()
  const keeper = {
    useSecret: (name: string) => kept.get(name),
    setSecret: async (name: string, value: Secret<string>) => kept.set(name, value).size,
  }
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'test',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper,
  })
  if (bin !== undefined)
    database = await startPostgres(bin, { user: 'shop', password }, await authority.leafFor(['localhost']))
  harness = await openHarness({
    upstream: upstream.origin,
    tables,
    secrets: { 'mail-token': password },
    manifest: (text) =>
      edited(
        'stripe: { charge: any,',
        'db: [connect]\n      inside0: [ask]\n      inside1: [ask]\n      inside2: [ask]\n      stripe: { charge: any,',
        edited(
          'secrets: { stripe-key',
          `${door(database?.port ?? 9)}\n${inside(upstream.origin)}secrets: { stripe-key`,
          text.slice(0, text.indexOf('only:  ')),
        ),
      ),
  })
  const { attachExits, boxExtras, image } = harness
  host = await makeEngine({ attachExits, boxExtras, parsers: true })
  const appFolder = join(import.meta.dirname, 'testing/clients')
  const built = await buildFunction({
    runtime: 'node',
    entry: join(appFolder, 'index.mjs'),
    appFolder,
    moduleFolders: moduleFoldersOf(appFolder),
    runtimeDir: join(folder, 'runtime'),
    execPath: process.execPath,
  })
  if ('faults' in built) throw new Error(JSON.stringify(built.faults))
  const { name, arn, zone } = image
  const ports = { ports: [5432, 8443, 9200], webPorts: [8443, 9200] }
  await host.deploy({ ...built, name, arn, zone, ...ports, timeoutMs: 30_000, maxBoxes: 1, memoryMb: 512 })
})

afterAll(async () => {
  await host?.close()
  await harness?.close()
  await database?.close()
  await upstream?.close()
  await tables?.close()
  rmSync(folder, { recursive: true, force: true })
})

const call = (client: string, to: string): Promise<unknown> =>
  host.call({ client, host: to }, { functionName: 'payments', user: alice, deadline: Date.now() + 30_000 })

describe('an unmodified client in a box', () => {
  for (const client of ['fetch', 'https', 'system store', 'http2', 'axios', 'got', 'stripe', 'urllib'] as const) {
    it(`${client} works through a door, and fails beside it`, async (context) => {
      if (client === 'urllib' && !imports('urllib.request')) context.skip('there is no /usr/bin/python3 here')
      upstream.seen.length = 0
      expect(await call(client, 'api.stripe.com')).toEqual({ answered: 'pi_1' })
      expect(upstream.seen).toMatchObject([
        { url: '/v1/payment_intents', headers: { authorization: `Bearer ${realKey}` } },
      ])
      expect(await call(client, 'evil.example')).toEqual({ failed: expect.any(String) })
      expect(await call(client, '93.184.216.34')).toEqual({ failed: expect.any(String) })
      expect(upstream.seen).toHaveLength(1)
    })
  }

  for (const client of ['aws-sdk', 'boto3'] as const) {
    it(`${client} works through the AWS door without a key, and fails beside it`, async (context) => {
      if (client === 'boto3' && !imports('boto3')) context.skip('install python3-boto3 to have this one')
      const rows = (): unknown => harness.decisions.filter(({ asked }) => asked[0]?.action === 'dynamodb:UpdateItem')
      harness.decisions.length = 0
      expect(await call(client, '')).toEqual({ answered: 'paid' })
      expect(rows()).toMatchObject([{ effect: 'allow', context: { 'dynamodb:LeadingKeys': ['alice'] } }])
      expect(await call(client, 'dynamodb.evil.example')).toEqual({ failed: expect.any(String) })
      expect(await call(client, '93.184.216.34')).toEqual({ failed: expect.any(String) })
      expect(rows()).toHaveLength(1)
    })
  }

  for (const [client, to, beside] of [
    ['plain fetch', 'search.internal:9200', 'orders.internal:9200'],
    ['plain fetch', 'plain.internal', 'plain.internal:9200'],
    ['fetch', 'orders.internal:8443', 'search.internal:8443'],
    ['http2', 'orders.internal:8443', 'orders.internal'],
  ] as const) {
    it(`${client} reaches ${to} as its door says, and not ${beside}`, async () => {
      upstream.seen.length = 0
      expect(await call(client, to)).toEqual({ answered: 'pi_1' })
      expect(await call(client, beside)).not.toEqual({ answered: 'pi_1' })
      expect(upstream.seen).toMatchObject([{ url: '/v1/payment_intents' }])
    })
  }

  it('a hundred and fifty requests at once are no flood', async () => {
    expect(await call('many at once', 'api.stripe.com')).toEqual({ answered: 'pi_1' })
  })

  it('the name of its machine leads to itself, and is no attempt on record', async () => {
    harness.decisions.length = 0
    expect(await call('itself', '')).toEqual({ answered: '127.0.0.1' })
    expect(harness.decisions).toEqual([])
  })

  it('pg works through a door without a password, and fails beside it', async (context) => {
    if (bin === undefined) context.skip('there is no PostgreSQL server here')
    expect(await call('pg', 'db.internal')).toEqual({ answered: 'alice' })
    expect(await call('pg', 'other.internal')).toEqual({ failed: expect.any(String) })
    expect(await call('pg', '10.0.0.1')).toEqual({ failed: expect.any(String) })
  })
})

/** Whether the Python of the system has this module: the one that boxes see. */
function imports(module: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
}
