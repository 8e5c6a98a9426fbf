import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { duplexPair } from 'node:stream'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from '../host/testing/make-engine.ts'
import type { InvocationResult } from '../host/index.ts'
import { alice, type Harness, openHarness } from './testing/harness.ts'
import { endings } from './testing/endings.ts'
import { type PlainUpstream, startUpstream } from './testing/stripe-door.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

// It says nothing of a call that broke: only the end of its parser ends it.
const source = `
import { lookup } from 'node:dns/promises'
export const handler = async ({ name, find }) => {
  if (find !== undefined) return lookup(find, { family: 4 }).catch(({ code }) => ({ code }))
  const body = new URLSearchParams({ amount: '100', name })
  const broken = () => new Promise(() => setInterval(() => {}, 1000))
  const answer = await fetch('https://api.stripe.com/v1/payment_intents', { method: 'POST', body }).catch(broken)
  return { status: answer.status }
}
`

let upstream: PlainUpstream
let harness: Harness
let host: EngineUnderTest

const invoke = (functionName: string, event: object = { name: functionName }): Promise<InvocationResult> =>
  host.invoke(event, { functionName, user: alice, deadline: Date.now() + 30_000 })

describe('a parser in its process', () => {
  let folder: string

  beforeEach(async () => {
    folder = openFolder()
    upstream = await startUpstream()
    harness = await openHarness({ upstream: upstream.origin })
    const { attachExits, boxExtras, image } = harness
    host = await makeEngine({ attachExits, boxExtras, parsers: true })
    const codeDir = codeFolder(folder, source)
    const { arn, zone } = image
    for (const name of ['payments', 'beside']) await host.deploy({ name, arn, zone, codeDir, timeoutMs: 30_000 })
  })
  afterEach(async () => {
    await host.close()
    await harness.close()
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('that gets no processor for a while answers a name later, and is not given up', async () => {
    const find = (): Promise<InvocationResult> => invoke('payments', { find: 'api.stripe.com' })
    expect(await find(), 'control').toMatchObject({ kind: 'response' })
    const waiting = parsers()
    for (const pid of waiting) process.kill(pid, 'SIGSTOP')
    const found = find()
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    for (const pid of waiting) process.kill(pid, 'SIGCONT')
    const { body } = (await found) as InvocationResult & { kind: 'response' }
    expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({ family: 4 })
  })

  it('that is killed during a call takes along its own box, which is replaced, and nobody else', async () => {
    // One is started after the other, so that it is known whose parser is whose.
    const before = new Set(parsers())
    const answers: (() => void)[] = []
    upstream.answer = (response) => void answers.push(() => response.end('{}'))
    const beside = invoke('beside')
    await expect.poll(() => answers, { timeout: 30_000 }).toHaveLength(1)
    const ofBeside = new Set(parsers())
    const killed = invoke('payments')
    await expect.poll(() => answers, { timeout: 30_000 }).toHaveLength(2)
    const boxes = host.events.filter(({ kind, functionName }) => kind === 'box-start' && functionName === 'payments')
    // Of the boxes made ahead one has no call; to end it takes nobody along either.
    const candidates = parsers().filter((pid) => !before.has(pid) && !ofBeside.has(pid))
    expect(candidates.length).toBeGreaterThan(0)
    for (const pid of candidates) process.kill(pid, 'SIGKILL')
    expect(await killed).toMatchObject({ kind: 'error', code: 'function.parser_ended' })
    const outcomes = (): unknown => harness.others.filter(({ kind }) => kind === 'outcome')
    await expect.poll(outcomes).toMatchObject([{ outcome: 'aborted' }])
    for (const answer of answers.splice(0)) answer()
    expect(await beside).toMatchObject({ kind: 'response' })
    upstream.answer = (response) => void response.end('{}')
    // That of a box made ahead ended as well, and whoever gets this box first may be who finds out.
    await expect.poll(() => invoke('payments'), { timeout: 30_000 }).toMatchObject({ kind: 'response' })
    const later = host.events.filter(({ kind, functionName }) => kind === 'box-start' && functionName === 'payments')
    expect(later.length).toBeGreaterThan(boxes.length)
  })
})

describe('a parser that breaks its protocol', () => {
  it('is ended, and that is on record', async () => {
    const [ours, theirs] = duplexPair()
    harness = await openHarness({ channelTo: () => ours })
    endings.push(() => harness.close())
    expect([harness.decisions, harness.faults]).toEqual([[], []])
    theirs.write(Buffer.from('000000001b00000009', 'hex')) // the confirmation of something that was never asked
    await expect.poll(() => harness.faults).toEqual(['cleared'])
    await expect
      .poll(() => harness.decisions)
      .toMatchObject([{ effect: 'deny', transaction: 't1', reasons: [{ code: 'exit.parser_fault' }] }])
    expect(ours.destroyed).toBe(true)
  })
})

/** Every process of ours that parses for a box. */
function parsers(pid: number = process.pid): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter(Boolean)
      .map(Number)
      .flatMap((child) => [
        ...(/^\/node\0.*\/parser\.cjs\0$/s.test(read(`/proc/${child}/cmdline`)) ? [child] : []),
        ...parsersBelow(child),
      ]),
  )
}

function parsersBelow(pid: number): readonly number[] {
  try {
    return parsers(pid)
  } catch {
    return [] // it has ended
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it has ended
  }
}
