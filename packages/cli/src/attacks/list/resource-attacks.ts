import type { Attack } from '../attack.ts'
import type { Flooded, FloodTarget, Instruction } from '../hostile-app/src/instruction.ts'
import { controlInside } from '../verdicts.ts'
import type { World } from '../world/world.ts'

const floods: readonly {
  readonly of: Flooded
  readonly tries: string
  /** False where the box gives what is asked, and only the others are to be spared. */
  readonly bounded: boolean
  readonly outside?: (world: World) => FloodTarget
}[] = [
  { of: 'processor', tries: 'spin for as long as it may', bounded: false },
  { of: 'processes', tries: 'start processes without end', bounded: true },
  { of: 'memory', tries: 'take more memory than it is given', bounded: true },
  { of: 'heap', tries: 'keep more objects than there is room for', bounded: true },
  { of: 'disk', tries: 'fill every folder that it can write to', bounded: true },
  { of: 'output', tries: 'write output as fast as it can', bounded: false },
  {
    of: 'names',
    tries: 'ask for names without end',
    bounded: true,
    outside: ({ canaries }) => ({ server: canaries.dnsServer }),
  },
  {
    of: 'connections',
    tries: 'hold connections open and say nothing',
    bounded: true,
    outside: ({ canary }) => canary.tcp,
  },
  { of: 'watches', tries: 'take every watch that the kernel has for a user', bounded: true },
  {
    of: 'slow reads',
    tries: 'ask for large answers and read none of them',
    bounded: false,
    outside: ({ canary }) => canary.tcp,
  },
]

const forMs = 1_500
const quietCalls = 20

/**
 * Floods out of one box while a neighbour of it is called over and over: they hold when the flood met its bound and
 * every call of the neighbour was answered. How long the neighbour took, quiet and during, is told and not judged: a
 * machine that is busy otherwise would judge for us.
 */
export const resourceAttacks: readonly Attack[] = floods.map(({ of, tries, bounded, outside }) => ({
  name: `resources.${of.replace(' ', '-')}`,
  tries,
  stoppedBy: 'box',
  run: async (world) => {
    await neighbour(world) // its box is made
    const quiet: number[] = []
    for (let at = 0; at < quietCalls; at += 1) quiet.push((await neighbour(world)) ?? Infinity)
    const state = { over: false }
    const flooding = world.inside('storefront', { do: 'flood', of, forMs }).finally(() => (state.over = true))
    const during: number[] = []
    while (!state.over || during.length < quietCalls) during.push((await neighbour(world)) ?? Infinity)
    const { got, code, evidence } = await flooding
    const failed = [...quiet, ...during].filter((took) => took === Infinity).length
    const felt = `a neighbour's p99 was ${ms(quiet)} quiet and ${ms(during)} during ${during.length} calls`
    if (failed > 0) return { stopped: false, code: 'neighbour.failed', evidence: `${failed} calls failed; ${felt}` }
    return { stopped: !(bounded && got), code, evidence: `${felt} (${evidence})` }
  },
  controls: 'the same flood outside a box',
  control: async (world) => {
    const instruction: Instruction = { do: 'flood', of, forMs: 300, ...(outside ? { target: outside(world) } : {}) }
    return controlInside(await world.outside(instruction))
  },
}))

/** How long a call for somebody else took, in another box of the same function; undefined when it failed. */
async function neighbour(world: World): Promise<number | undefined> {
  const startedAt = performance.now()
  const { got } = await world.inside('storefront', { do: 'wait', ms: 1 }, 'bob')
  return got ? performance.now() - startedAt : undefined
}

function ms(times: readonly number[]): string {
  const at = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0
  return `${at.toFixed(1)} ms`
}
