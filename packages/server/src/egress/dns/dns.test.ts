import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Harness, invocationOf, openHarness } from '../testing/harness.ts'
import { createNameAnswers } from './dns.ts'

let harness: Harness
let resolver: Resolver
beforeEach(async () => {
  harness = await openHarness()
  resolver = new Resolver({ timeout: 20_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${harness.dnsPort}`])
})
afterEach(() => harness.close())

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error)

const query = (index: number): Buffer => {
  const label = Buffer.from(`n${index}`)
  return Buffer.concat([
    Buffer.from('000101000001000000000000', 'hex'),
    Buffer.from([label.length]),
    label,
    Buffer.from('0000010001', 'hex'),
  ])
}

it('a parser that asks more than its box may is answered no more', async () => {
  const { app } = harness
  const rooms = { app: () => app, clock: () => 1_000 } as Parameters<typeof createNameAnswers>[0] // it asks no more
  let over = 0
  const refusals = { note: async () => true, count: () => undefined, over: () => void (over += 1) }
  const answer = createNameAnswers(rooms, 3, { count: () => 'again', flush: () => undefined }, refusals)
  const told: unknown[] = []
  for (let asked = 0; asked < 8; asked += 1) told.push(await answer({ name: 'api.stripe.com', type: 1 }))
  expect(told.map((one) => one !== undefined)).toEqual([true, true, true, true, true, true, false, false])
  expect(over).toBe(2)
})

describe('names inside a box', () => {
  it('resolve to a synthetic address when declared, whatever their case', async () => {
    for (const name of ['api.stripe.com', 'API.Stripe.com', 'payments.fn.internal', 'any.aws.internal']) {
      expect(await resolver.resolve4(name, { ttl: true })).toMatchObject([
        { address: expect.stringMatching(/^198\.18\./), ttl: 5 },
      ])
    }
    expect(harness.decisions).toEqual([])
  })

  it('have no other records', async () => {
    expect(await resolver.resolve6('api.stripe.com').catch(codeOf)).toBe('ENODATA')
    expect(await resolver.resolveTxt('api.stripe.com').catch(codeOf)).toBe('ENODATA')
  })

  it('do not exist when undeclared, and the attempt is on record', async () => {
    for (const name of ['c2vjcmv0.evil.example', 'stripe.com', 'x.api.stripe.com', 'nobody.fn.internal']) {
      expect(await resolver.resolve4(name).catch(codeOf)).toBe('ENOTFOUND')
      expect(harness.decisions.at(-1)).toMatchObject({
        effect: 'deny',
        transaction: 't1',
        reasons: [{ code: 'dns.unlisted' }],
        asked: [{ resource: `arn:sallyport:door:checkout::?/${name}` }],
      })
    }
  })

  it('are told with what declares them, where a line of the manifest does', async () => {
    const told = async (name: string): Promise<unknown> => {
      await resolver.resolve4(name).catch(codeOf)
      return harness.decisions.at(-1)?.reasons[0]
    }
    const fix = "sallyport allow payments 'evil.get=GET https://x.evil.example/'"
    expect(await told('x.evil.example')).toMatchObject({ fix })
    for (const name of ['nobody.fn.internal', 'my-bucket.s3.amazonaws.com', 'localdomain'])
      expect(await told(name), name).not.toHaveProperty('fix')
    expect(await told('sqs.us-east-1.amazonaws.com')).toMatchObject({
      message: expect.stringContaining('DynamoDB alone'),
    })
  })

  it("of AWS's clients lead to the AWS door, whatever they put before", async () => {
    const addresses = ['any.aws.internal', 'my.bucket.any.aws.internal'].map((name) => resolver.resolve4(name))
    const [known, bucket] = await Promise.all(addresses)
    expect(bucket).toEqual(known)
    expect(await resolver.resolve4('many.aws.internal').catch(codeOf)).toBe('ENOTFOUND')
  })

  it('go on record once for each invocation, with answer, types and count', async () => {
    for (let round = 0; round < 2; round++) {
      await resolver.resolve4('api.stripe.com')
      await resolver.resolve6('api.stripe.com').catch(codeOf)
      await resolver.resolve4('evil.example').catch(codeOf)
    }
    expect(harness.decisions).toMatchObject([{ reasons: [{ code: 'dns.unlisted' }] }]) // the attempt, not each packet
    expect(harness.others).toEqual([])
    await harness.endInvocation()
    const common = { kind: 'name', subject: harness.image.arn, transaction: 't1', decision: 'd0' }
    expect(harness.others).toMatchObject(
      [
        { ...common, name: 'api.stripe.com', types: ['A', 'AAAA'], answer: /^198\.18\./, count: 4 },
        { ...common, name: 'evil.example', types: ['A'], answer: 'dns.unlisted', count: 2 },
      ].map((one) => ({ ...one, answer: expect.stringMatching(one.answer) })),
    )
    harness.invocation = invocationOf(harness.image, 'i2')
    await resolver.resolve4('evil.example').catch(codeOf)
    expect(harness.decisions).toHaveLength(2)
  })

  it('beyond the first of an invocation are not kept apart, and none goes uncounted', async () => {
    harness.invocation = undefined
    for (let index = 0; index < 70; index++) await resolver.resolve4(`n${index % 66}.example`).catch(codeOf)
    await harness.endInvocation()
    const names = harness.others.filter(({ kind }) => kind === 'name')
    expect(names).toHaveLength(64)
    expect(names[0]).toMatchObject({ name: 'n0.example', count: 2 })
    expect(names[0]).not.toHaveProperty('transaction')
  })

  it('in a flood are counted in one gap, so the ledger does not grow with it', async () => {
    const socket = createSocket('udp4')
    for (let index = 0; index < 150; index++) socket.send(query(index), harness.dnsPort, '127.0.0.1')
    await expect
      .poll(() => harness.others, { timeout: 30_000 })
      .toMatchObject([{ kind: 'gap', cause: 'refused exits of box box1' }])
    const [gap] = harness.others
    expect(harness.decisions.length + (gap?.kind === 'gap' ? gap.lost : 0)).toBe(150)
    expect(harness.decisions.length).toBeLessThanOrEqual(100)
    socket.close()
    await once(socket, 'close')
  })
})
