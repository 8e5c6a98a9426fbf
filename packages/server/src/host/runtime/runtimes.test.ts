import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { type EngineUnderTest, makeEngine } from '../testing/make-engine.ts'
import { engineContract } from '../testing/engine-contract.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const pythonTraits = {
  module: /index\.py/,
  instead: { 'unawaited rejections': { is: 'Python has no promises' } },
}

engineContract('a box with Python', () => makeEngine({ runtime: 'python' }), pythonTraits)
engineContract('a box with a bootstrap of its own', () => makeEngine({ runtime: 'bootstrap' }), pythonTraits)

describe('a box with Python', () => {
  let under: EngineUnderTest
  beforeAll(async () => {
    under = await makeEngine({ runtime: 'python' })
    await under.deploy()
  })
  afterAll(() => under.close())

  it('gives the context that AWS Lambda gives, and verified claims', async () => {
    expect(await under.call({ probe: 'context' }, { id: 'a'.repeat(32) })).toMatchObject({
      aws_request_id: 'a'.repeat(32),
      function_name: 'probe',
      memory_limit_in_mb: '192',
      invoked_function_arn: 'arn:sallyport:function:app:test:probe',
    })
    expect(await under.call({ probe: 'claims' }, { transaction: 't9' })).toMatchObject({ transaction: 't9' })
    expect(Number(await under.call({ probe: 'remaining' }))).toBeGreaterThan(1_000)
  })

  it('sets the variables of AWS Lambda, the trace of this invocation among them', async () => {
    const transaction = '0123456789abcdef0123456789abcdef'
    expect(await under.call({ probe: 'environment' }, { transaction })).toMatchObject({
      AWS_EXECUTION_ENV: expect.stringMatching(/^AWS_Lambda_python3\.\d+$/),
      LAMBDA_TASK_ROOT: '/var/task',
      REQUESTS_CA_BUNDLE: '/etc/sallyport-ca.pem',
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-01234567-89abcdef0123456789abcdef;Parent=\w{16};Sampled=0$/),
    })
  })

  it('tags what it prints and what it logs with the invocation', async () => {
    await under.call({ probe: 'say', text: 'first' }, { transaction: 't-first', id: 'b'.repeat(32) })
    const said = under.output.filter(({ transaction }) => transaction === 't-first').map(({ text }) => text)
    expect(said).toContain('first')
    expect(said.join('\n')).toMatch(/^\[WARNING\]\t\S+Z\tb{32}\tlogged first$/m)
  })

  it('takes the ticket of one attempt only once', async () => {
    const id = 'c'.repeat(32)
    expect(await under.call({ probe: 'echo', value: 1 }, { id }), 'control').toBe(1)
    expect(await under.invoke({ probe: 'echo', value: 1 }, { id })).toMatchObject({ code: 'function.ticket_refused' })
  })

  it.each([
    ['what JSON cannot hold', 'index.handler', { probe: 'notJson' }, /^Runtime\.MarshalError/],
    ['a module that is not there', 'absent.handler', {}, /^Runtime\.ImportModuleError/],
    ['a handler that is not there', 'index.absent', {}, /^Runtime\.HandlerNotFound/],
    ['a handler without a module', 'handler', {}, /^Runtime\.MalformedHandlerName/],
  ])('names %s as AWS does', async (name, handler, event, message) => {
    await under.deploy({ name, handler })
    expect(await under.invoke(event, { functionName: name })).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(message),
    })
  })
})
