import { randomBytes } from 'node:crypto'

import { Secret } from '@sallyport/core/access'
import { createSeenOnce, createTicketVerifier } from '@sallyport/core/identity'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { createUpstreams } from '../../egress/index.ts'
import type { OutputLine } from '../engine.ts'
import type { InvocationResult } from '../invocation.ts'
import { engineContract, type EngineInContract } from '../testing/engine-contract.ts'
import { openPlace, type Place } from '../testing/far-place.ts'
import { farArn, farIssuer, ticketKey } from '../testing/far-side.ts'
import { farTraits } from '../testing/far-traits.ts'
import {
  type LambdaCall,
  lambdaCredential,
  type LambdaReply,
  type LambdaService,
  startLambdaService,
} from '../testing/lambda-service.ts'
import { invocationOf } from '../testing/make-engine.ts'
import { createLambdaEngine } from './lambda-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

type LambdaFunction = Parameters<ReturnType<typeof createLambdaEngine>['deploy']>[0][number]

let key: Awaited<ReturnType<typeof ticketKey>>
beforeAll(async () => {
  key = await ticketKey()
})

function engineFor(output: OutputLine[] = [], secretAccessKey = lambdaCredential.secretAccessKey) {
  const upstreams = createUpstreams(undefined)
  const engine = createLambdaEngine({
    send: upstreams.call,
    signTicket: key.signTicket,
    credentials: () => ({ accessKeyId: lambdaCredential.accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
    onOutput: (line) => void output.push(line),
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    backOffMs: 1,
  })
  const close = async (): Promise<void> => {
    await engine.close()
    await upstreams.close()
  }
  return { engine, close }
}

function lambda(endpoint: string, more: Partial<LambdaFunction & LambdaFunction['elsewhere']> = {}): LambdaFunction {
  const { name = 'probe', maxCalls = 8, maxWaiting = maxCalls * 16, ...where } = more
  const fixed = { engine: 'lambda', functionName: name, region: 'eu-central-1', endpoint } as const
  const elsewhere = { ...fixed, version: '7', privateUpstream: true, idempotent: false, ...where }
  return { name, arn: farArn(name), timeoutMs: 8_000, maxCalls, maxWaiting, elsewhere }
}

/** What a handler in AWS Lambda writes: the event as `JSON.stringify` has it is what the ticket is bound to. */
async function ticketVerdict({ functionName, qualifier, event, ticket }: LambdaCall): Promise<string> {
  const tickets = createTicketVerifier({
    issuer: farIssuer,
    keys: { keys: [key.jwk] },
    audience: farArn(functionName),
    codeDigest: qualifier,
    used: { shared: false, ...createSeenOnce(1_000) },
    nowSeconds: () => Date.now() / 1_000,
  })
  const parsed: unknown = JSON.parse(Buffer.from(event).toString('utf8'))
  const verdict = await tickets.verify(ticket, new TextEncoder().encode(JSON.stringify(parsed)))
  return verdict.kind === 'refused' ? verdict.code : 'accepted'
}

async function makeInContract(): Promise<EngineInContract> {
  const places = new Map<string, Place>()
  const service = await startLambdaService(async (call) => {
    const verdict = await ticketVerdict(call)
    if (verdict !== 'accepted')
      return { headers: { 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify({ errorMessage: verdict }) }
    const place = places.get(`${call.functionName}:${call.qualifier}`)
    if (place === undefined) return { status: 404, body: '{"Message":"no such version"}' }
    const event: unknown = JSON.parse(Buffer.from(call.event).toString('utf8'))
    const { value, failure } = await place.run(event, Date.now() + 8_000, call.signal)
    if (failure !== undefined)
      return { headers: { 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify(failure) }
    if (value !== undefined) return { body: JSON.stringify(value) }
    const ended = {
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: 1 Error: Runtime exited with error: exit status 3',
    }
    return { headers: { 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify(ended) }
  })
  const { engine, close } = engineFor()
  const invoke: EngineInContract['invoke'] = (event, more) => engine.invoke(invocationOf(event, more))
  return {
    deploy: ({ name = 'probe', maxBoxes = 2, codeDigest = 'a'.repeat(64) } = {}) => {
      const at = `${name}:${codeDigest}`
      places.set(at, places.get(at) ?? openPlace(codeDigest))
      return engine.deploy([lambda(service.origin, { name, maxCalls: maxBoxes, version: codeDigest })])
    },
    invoke,
    call: async (event, more) => {
      const result = await invoke(event, more)
      if (result.kind === 'error') throw new Error(`${result.code}: ${result.message}`)
      return JSON.parse(Buffer.from(result.body).toString('utf8'))
    },
    close: async () => {
      await close()
      for (const place of places.values()) place.end()
      await service.close()
    },
  }
}

const { exits: _ended, ...instead } = farTraits.instead ?? {}
engineContract('the lambda engine', makeInContract, { ...farTraits, instead })

describe('a function in AWS Lambda', () => {
  const output: OutputLine[] = []
  const closing: (() => Promise<void>)[] = []
  let service: LambdaService
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    output.length = 0
  })

  async function ask(
    reply: (call: LambdaCall) => LambdaReply | undefined | Promise<LambdaReply | undefined>,
    where: Parameters<typeof lambda>[1] = {},
    secret?: string,
  ): Promise<InvocationResult> {
    service = await startLambdaService(reply)
    const { engine, close } = engineFor(output, secret)
    closing.push(service.close, close)
    await engine.deploy([lambda(service.origin, where)])
    return engine.invoke({ ...invocationOf({}), event: Buffer.from('{ "a" : 1.0 }') })
  }

  const seven = { 'x-amz-executed-version': '7' }

  it('is invoked by name and version, signed, with a ticket for the event as JSON.stringify writes it', async () => {
    const calls: LambdaCall[] = []
    const verdicts: string[] = []
    const result = await ask(async (call) => {
      calls.push(call)
      verdicts.push(await ticketVerdict(call))
      return { headers: seven, body: '{"ok":true}' }
    })
    expect(result).toEqual({ kind: 'response', body: Buffer.from('{"ok":true}') })
    expect(calls).toMatchObject([{ functionName: 'probe', qualifier: '7', event: Buffer.from('{"a":1}') }])
    expect(verdicts).toEqual(['accepted'])
    const [call] = calls
    if (call === undefined) throw new Error('nothing arrived')
    expect(await ticketVerdict({ ...call, event: Buffer.from('{"a":2}') })).toBe('ticket.body')
    expect(await ticketVerdict({ ...call, ticket: undefined })).toBe('ticket.missing')
    expect(await ticketVerdict({ ...call, qualifier: '8' })).toBe('ticket.code')
  })

  it('is not called by whoever holds another secret', async () => {
    expect(await ask(() => ({ headers: seven }), {}, 'another')).toMatchObject({
      code: 'function.unreachable',
      message: expect.stringContaining('AccessDeniedException'),
    })
    expect(service.refused).toEqual(['SignatureDoesNotMatch'])
  })

  it('is refused when another version answers than the number that was written', async () => {
    const eight = { 'x-amz-executed-version': '8' }
    expect(await ask(() => ({ headers: eight, body: '1' }))).toMatchObject({ code: 'function.unreachable' })
    expect(await ask(() => ({ headers: eight, body: '1' }), { version: 'live' }), 'an alias').toMatchObject({
      kind: 'response',
    })
  })

  it.each<[string, string, string]>([
    ['Handled', '{"errorType":"TypeError","errorMessage":"boo"}', 'function.threw'],
    ['Unhandled', '{"errorMessage":"2026-11-01T00:00:00Z 1 Task timed out after 3.00 seconds"}', 'function.timed_out'],
    ['Unhandled', '{"errorType":"Runtime.OutOfMemory","errorMessage":"x"}', 'function.out_of_memory'],
    [
      'Unhandled',
      '{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited with error: signal: killed"}',
      'function.out_of_memory',
    ],
    [
      'Unhandled',
      '{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited with error: exit status 3"}',
      'function.exited',
    ],
  ])('that failed (%s, %s) has failed with %s', async (kind, body, code) => {
    expect(await ask(() => ({ headers: { ...seven, 'x-amz-function-error': kind }, body }))).toMatchObject({ code })
  })

  it.each<[number, string, string]>([
    [429, 'TooManyRequestsException', 'function.busy'],
    [413, 'RequestTooLargeException', 'function.event_too_large'],
    [404, 'ResourceNotFoundException', 'function.unreachable'],
    [500, 'ServiceException', 'function.unreachable'],
  ])('whose service answers %i %s has failed with %s', async (status, type, code) => {
    let asked = 0
    const result = await ask(() => {
      asked += 1
      return { status, headers: { 'x-amzn-errortype': type }, body: '{"Message":"said so"}' }
    })
    expect(result).toMatchObject({ code, message: `${type} (status ${status}): said so` })
    expect(asked).toBe(1)
  })

  it('is invoked again after throttling, with another ticket, where it is idempotent', async () => {
    const tickets = new Set<unknown>()
    const reply = ({ ticket }: LambdaCall): LambdaReply =>
      tickets.add(ticket).size < 3 ? { status: 429 } : { headers: seven, body: '1' }
    expect(await ask(reply, { idempotent: true })).toMatchObject({ kind: 'response' })
    expect(tickets.size).toBe(3)
  })

  it('leaves the last lines that it wrote in its own log', async () => {
    const log =
      'START RequestId: 1 Version: 7\nsaid\tone\nsaid two\nEND RequestId: 1\nREPORT RequestId: 1 Duration: 1\n'
    await ask(() => ({ headers: { ...seven, 'x-amz-log-result': Buffer.from(log).toString('base64') }, body: '1' }))
    expect(output.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', 'said\tone'],
      ['stdout', 'said two'],
    ])
  })

  it('is hung up on at the deadline', async () => {
    const gone = Promise.withResolvers<string>()
    service = await startLambdaService(({ signal }) => {
      signal.addEventListener('abort', () => gone.resolve('hung up'))
      return undefined
    })
    const { engine, close } = engineFor()
    closing.push(service.close, close)
    await engine.deploy([lambda(service.origin)])
    expect(await engine.invoke(invocationOf({}, { deadline: Date.now() + 300 }))).toMatchObject({
      code: 'function.timed_out',
    })
    expect(await gone.promise).toBe('hung up')
  })
})
