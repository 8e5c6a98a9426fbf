import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { FunctionImage } from './image.ts'
import { type EngineUnderTest, makeEngine } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest
beforeAll(async () => {
  under = await makeEngine()
})
afterAll(() => under.close())

const newId = (): string => randomBytes(16).toString('hex')
const address = '203.0.113.9'

/** What alice's call leaves, and whether bob's next call of the same function meets it. */
const leftovers: Readonly<Record<string, (functionName: string) => Promise<boolean>>> = {
  'in memory': async (functionName) => {
    await under.call({ probe: 'count' }, { functionName })
    return (await under.call({ probe: 'count' }, { functionName, affinity: 'bob' })) !== 1
  },
  'in /tmp': async (functionName) => {
    await under.call({ probe: 'write', path: '/tmp/left' }, { functionName })
    return Boolean(await under.call({ probe: 'exists', path: '/tmp/left' }, { functionName, affinity: 'bob' }))
  },
  'as a process': async (functionName) => {
    const alone = Number(await under.call({ probe: 'processes' }, { functionName }))
    await under.call({ probe: 'leave', seconds: 30 }, { functionName })
    return Number(await under.call({ probe: 'processes' }, { functionName, affinity: 'bob' })) > alone
  },
  'as a timer': (functionName) => metByBob(functionName, 'timer'),
  'as a promise': (functionName) => metByBob(functionName, 'promise'),
}

/** Whether an exit that alice's call goes on making is made in the name of bob's. */
async function metByBob(functionName: string, probe: string): Promise<boolean> {
  const id = newId()
  await under.call({ probe, host: address, port: 80 }, { functionName })
  await under.call({ probe: 'wait', ms: 400 }, { functionName, affinity: 'bob', id })
  return under.contacts.some(({ invocation }) => invocation === id)
}

describe.each<[FunctionImage['reuse'], boolean]>([
  ['never', false],
  ['user', false],
  ['shared', true], // the control: this is what the other two keep out
])('under reuse: %s', (reuse, met) => {
  it.each(Object.keys(leftovers))(`what one user leaves %s is ${met ? '' : 'not '}met by the next`, async (where) => {
    const name = `${reuse}-${where.replaceAll(/\W/g, '')}`
    await under.deploy({ name, reuse, maxBoxes: 2 })
    expect(await leftovers[where]?.(name)).toBe(met)
  })
})

describe('a connection that one call opened', () => {
  let holding: EngineUnderTest
  beforeAll(async () => {
    holding = await makeEngine({ hold: true })
    await holding.deploy({ reuse: 'shared' })
  })
  afterAll(() => holding.close())

  it.each([
    ['half a head', 'POST / HTTP/1.1\r\n', 'host: x\r\n\r\n'],
    ['a body that is held back', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nha', 'lf'],
    ['kept alive', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('with %s is of no use to the next, not even in the same box', async (_, text, rest) => {
    const where = { host: address, port: 80 }
    expect(await holding.call({ probe: 'both', ...where, text, rest }), 'control: within one call').toBe('taken')
    expect(await holding.call({ probe: 'begin', ...where, text })).toBe('begun')
    expect(await holding.call({ probe: 'finish', text: rest })).toBe('closed')
  })
})
