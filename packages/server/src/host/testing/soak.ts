import { inventory, leftSince } from './inventory.ts'
import { type EngineUnderTest, makeEngine } from './make-engine.ts'

/** What came of many invocations, and what they left. */
export interface SoakReport {
  readonly answered: number
  /** Boxes that were started meanwhile: by callers of their own, by crashes, by redeployments. */
  readonly boxes: number
  readonly wrong: readonly string[]
  /** Each thing that is there now and was not before, in words. */
  readonly left: readonly string[]
  readonly tookMs: number
}

const lanes = 8
const functionNames = ['first', 'second'] as const

/**
 * Makes `count` invocations of two functions by eight callers at once: most are answered at once, some throw, some
 * end their process, some pass their deadline, and now and then the code is replaced. Counts what is left of it all.
 */
export async function soak(count: number, onProgress?: (done: number) => void): Promise<SoakReport> {
  await (
    await makeEngine({
      parsers: true,
      attachExits: () => ({ endInvocation: () => Promise.resolve(), close: () => undefined }),
    })
  ).close() // whatever is opened once per process
  const before = inventory()
  const began = performance.now()
  const under = await makeEngine({
    parsers: true,
    attachExits: () => ({ endInvocation: () => Promise.resolve(), close: () => undefined }),
  })
  const wrong: string[] = []
  let answered = 0
  let next = 0
  for (const name of functionNames) await under.deploy({ name, maxBoxes: lanes / 2 })
  const lane = async (number: number): Promise<void> => {
    for (let at = next++; at < count; at = next++) {
      const fault = await oneCall(under, at, number)
      if (fault !== undefined) wrong.push(`${at}: ${fault}`)
      answered += 1
      if (at % 10_000 === 9_999) onProgress?.(at + 1)
      if (at % 2_500 === 2_499) await under.deploy({ name: functionNames[at % 2] ?? 'first', maxBoxes: lanes / 2 })
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  const boxes = under.events.filter(({ kind }) => kind === 'box-start').length
  await under.close()
  const tookMs = performance.now() - began
  return { answered, boxes, wrong, left: await leftSince(before), tookMs }
}

/** What is wrong with the answer, if anything. */
async function oneCall(under: EngineUnderTest, at: number, lane: number): Promise<string | undefined> {
  const more = { functionName: functionNames[lane % 2] ?? 'first', affinity: `user-${lane}` }
  const [event, expected] = eventFor(at)
  const deadline = Date.now() + (event.probe === 'never' ? 200 : 240_000)
  const result = await under.invoke(event, { ...more, deadline })
  const got = result.kind === 'error' ? result.code : Buffer.from(result.body).toString()
  under.output.length = 0 // a million calls say much
  return expected.includes(got) ? undefined : `${event.probe} gave ${got}`
}

function eventFor(at: number): readonly [event: { readonly probe: string }, expected: readonly string[]] {
  if (at % 1_000 === 500) return [{ probe: 'exit' }, ['function.exited']]
  if (at % 1_000 === 750) return [{ probe: 'never' }, ['function.timed_out', 'function.busy']]
  if (at % 100 === 50) return [{ probe: 'throwError' }, ['function.threw']]
  return [{ probe: 'echo', value: at } as { probe: string }, [String(at)]]
}
