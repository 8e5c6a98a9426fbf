import { afterEach, describe, expect, it, vi } from 'vitest'

import { type EngineUnderTest, makeEngine } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest | undefined
afterEach(() => under?.close())

describe('a function under debug', () => {
  it('is reached by a debugger through a loopback port of the host, and the banner says so', async () => {
    under = await makeEngine({ inspect: 'probe' })
    await under.deploy()
    await under.call({ probe: 'echo' })
    const address = /debug: probe at (127\.0\.0\.1:\d+)/.exec(under.engine.description)?.[1]
    const [target] = (await (await fetch(`http://${address}/json/list`)).json()) as { webSocketDebuggerUrl: string }[]
    const answer = await new Promise((resolve, reject) => {
      const socket = new WebSocket(target?.webSocketDebuggerUrl.replace(/127\.0\.0\.1:\d+/, String(address)) ?? '')
      const question = {
        id: 1,
        method: 'Runtime.evaluate',
        params: { expression: 'process.env.AWS_LAMBDA_FUNCTION_NAME' },
      }
      socket.addEventListener('open', () => socket.send(JSON.stringify(question)))
      socket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data))))
      socket.addEventListener('error', () => reject(new Error('no debugger')))
    })
    expect(answer).toMatchObject({ result: { result: { value: 'probe' } } })
    expect(under.events.map(({ kind, detail }) => `${kind}: ${detail}`).join()).toContain(
      'box-inspect: a debugger may attach',
    )
  })

  it('opens no port for any other', async () => {
    under = await makeEngine()
    await under.deploy()
    expect(await under.call({ probe: 'connect', host: '127.0.0.1', port: 9229 })).toBe('ECONNREFUSED')
    expect(under.engine.description).not.toContain('debug')
  })
})
