import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Invocation, InvocationResult } from '../invocation.ts'

/** What the contract changes of a function; the rest is the engine's own affair. */
export interface ContractFunction {
  readonly name?: string
  readonly reuse?: 'never' | 'user' | 'shared'
  /** Calls that run at once. */
  readonly maxBoxes?: number
  readonly codeDigest?: string
}

/** An engine of which every function is our file of probes. */
export interface EngineInContract {
  /** Puts one into service: `probe`, unless named. */
  deploy(changed?: ContractFunction): Promise<unknown>
  invoke(event: unknown, more?: Partial<Invocation>): Promise<InvocationResult>
  /** The parsed answer; throws what the function threw. */
  call(event: unknown, more?: Partial<Invocation>): Promise<unknown>
  close(): Promise<void>
}

/** Parts of the contract that not every engine can keep. */
type Promised = 'unawaited rejections' | 'exits' | 'users apart' | 'calls apart'

/** What differs between engines, and between the runtimes that one may run the probes in. */
export interface ContractTraits {
  /** A stack trace names it. */
  readonly module: RegExp
  /** Bytes of an answer that are not the handler's: two quotation marks, unless more is laid around it. */
  readonly around?: number
  /**
   * What an engine does in place of what it cannot promise: a line of the report, and a test where there is something
   * to test. Everything that does not stand here must hold.
   */
  readonly instead?: Partial<
    Record<Promised, { readonly is: string; readonly holds?: (under: EngineInContract) => Promise<void> }>
  >
}

const ofNode: ContractTraits = { module: /index\.mjs/ }

/** What every engine must keep, whatever it runs functions in. `make` gives a fresh one. */
export function engineContract(
  name: string,
  make: () => Promise<EngineInContract>,
  traits: ContractTraits = ofNode,
): void {
  describe(`${name} keeps the engine contract`, () => {
    let under: EngineInContract
    beforeAll(async () => {
      under = await make()
      await under.deploy()
    })
    afterAll(() => under.close())

    function promised(what: Promised, sentence: string, holds: () => Promise<void>): void {
      const instead = traits.instead?.[what]
      if (instead === undefined) it(sentence, holds)
      else if (instead.holds === undefined) it.skip(`${sentence} (not promised: ${instead.is})`, holds)
      else it(`${sentence} (not promised: ${instead.is})`, () => instead.holds?.(under))
    }

    it('answers with what the handler returned', async () => {
      expect(await under.call({ probe: 'echo', value: { a: [1, 'ü'] } })).toEqual({ a: [1, 'ü'] })
    })

    it('tells a throw with its stack, and goes on with the same box', async () => {
      const first = await under.call({ probe: 'count' })
      const thrown = await under.invoke({ probe: 'throwError', message: 'boo' })
      expect(thrown).toMatchObject({
        code: 'function.threw',
        message: expect.stringMatching(/^(?:status 500: )?TypeError: boo\n/),
      })
      expect(thrown).toMatchObject({ message: expect.stringMatching(traits.module) })
      expect(await under.call({ probe: 'count' })).toBe(Number(first) + 1)
    })

    promised('unawaited rejections', 'tells a rejection that nobody awaited', async () => {
      const result = await under.invoke({ probe: 'rejectLater', message: 'lost' })
      expect(result).toMatchObject({
        code: 'function.threw',
        message: expect.stringContaining('UnhandledPromiseRejection: lost'),
      })
    })

    promised('exits', 'tells an exit', async () => {
      expect(await under.invoke({ probe: 'exit', status: 3 })).toMatchObject({
        code: 'function.exited',
        message: expect.stringContaining('3'),
      })
    })

    it.each(['loop', 'never'])('ends a function that does not come back (%s) at its deadline', async (probe) => {
      await under.call({ probe: 'echo', value: 1 }) // so that it waits for no box
      // Nothing but the deadline ends it.
      const invocation = { deadline: Date.now() + 700 }
      expect(await under.invoke({ probe }, invocation)).toMatchObject({ code: 'function.timed_out' })
    })

    it('refuses an answer over 6 MB and takes one just below', async () => {
      expect(await under.invoke({ probe: 'answerOf', bytes: 6 * 1024 * 1024 })).toMatchObject({
        code: 'function.output_too_large',
      })
      const bytes = 6 * 1024 * 1024 - (traits.around ?? 2)
      expect(String(await under.call({ probe: 'answerOf', bytes }))).toHaveLength(bytes)
    })

    it('is busy, and says so, for a function that nobody deployed', async () => {
      expect(await under.invoke({}, { functionName: 'ghost' })).toMatchObject({ code: 'function.busy' })
    })

    it('answers, and never rejects, when no ticket can be made', async () => {
      const actors = Array.from({ length: 2_000 }, (_, index) => `arn:sallyport:function:app:zone:f${index}`)
      expect(await under.invoke({ probe: 'echo' }, { actors })).toMatchObject({ code: 'function.ticket_refused' })
      expect(await under.call({ probe: 'echo', value: 1 })).toBe(1)
    })

    promised('users apart', 'never serves two affinities from one box under reuse: user', async () => {
      expect(await under.call({ probe: 'count' }, { affinity: 'bob' })).toBe(1)
      expect(await under.call({ probe: 'count' }, { affinity: 'bob' })).toBe(2)
      expect(await under.call({ probe: 'count' }, { affinity: 'eve' })).toBe(1)
      expect(await under.call({ probe: 'count' }, { affinity: 'ida' })).toBe(1)
    })

    promised('calls apart', 'never serves two invocations from one box under reuse: never', async () => {
      await under.deploy({ name: 'once', reuse: 'never' })
      expect(await under.call({ probe: 'count' }, { functionName: 'once' })).toBe(1)
      expect(await under.call({ probe: 'count' }, { functionName: 'once' })).toBe(1)
    })

    it('serves anybody from one box under reuse: shared', async () => {
      await under.deploy({ name: 'common', reuse: 'shared', maxBoxes: 1 })
      expect(await under.call({ probe: 'count' }, { functionName: 'common', affinity: 'bob' })).toBe(1)
      expect(await under.call({ probe: 'count' }, { functionName: 'common', affinity: 'eve' })).toBe(2)
    })

    it('bounds its queue', async () => {
      await under.deploy({ name: 'narrow', maxBoxes: 1 })
      const many = await Promise.all(
        Array.from({ length: 20 }, () => under.invoke({ probe: 'echo', value: 1 }, { functionName: 'narrow' })),
      )
      const codes = many.map((result) => (result.kind === 'error' ? result.code : 'response'))
      const served = codes.filter((code) => code === 'response').length
      // Sixteen may wait; where one is under way at once, it does not wait.
      expect([16, 17]).toContain(served)
      expect(codes.filter((code) => code === 'function.busy')).toHaveLength(20 - served)
    })

    it('lets a running call finish when its code is replaced', async () => {
      await under.deploy({ name: 'changing' })
      await under.call({ probe: 'echo' }, { functionName: 'changing' })
      const running = under.invoke({ probe: 'wait', ms: 500 }, { functionName: 'changing' })
      await under.deploy({ name: 'changing', codeDigest: 'f'.repeat(64) })
      expect((await running).kind).toBe('response')
      expect(await under.call({ probe: 'environment' }, { functionName: 'changing' })).toMatchObject({
        AWS_LAMBDA_LOG_STREAM_NAME: 'f'.repeat(32),
      })
    })

    it('answers those who wait when it closes, and takes no more', async () => {
      await under.deploy({ name: 'last', maxBoxes: 1 })
      const waiting = [1, 2].map(() => under.invoke({ probe: 'never' }, { functionName: 'last' }))
      await under.close()
      expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['error', 'error'])
      expect(await under.invoke({ probe: 'echo' }, { functionName: 'last' })).toMatchObject({ code: 'function.busy' })
    })
  })
}
