import { expect } from 'vitest'

import type { ContractTraits } from './engine-contract.ts'

/** What an engine whose functions run elsewhere does in place of what it cannot promise. */
export const farTraits: ContractTraits = {
  module: /probes\.mjs/,
  instead: {
    exits: {
      is: 'a process elsewhere ends unseen, and its platform answers in its place',
      holds: async (under) => {
        expect(await under.invoke({ probe: 'exit', status: 3 })).toMatchObject({ code: 'function.unreachable' })
      },
    },
    'users apart': {
      is: 'whom one place serves is for its platform to say',
      holds: async (under) => {
        const first = Number(await under.call({ probe: 'count' }, { affinity: 'bob' }))
        expect(await under.call({ probe: 'count' }, { affinity: 'eve' })).toBe(first + 1)
      },
    },
    'calls apart': {
      is: 'how long one place lives is for its platform to say',
      holds: async (under) => {
        await under.deploy({ name: 'once', reuse: 'never' })
        expect(await under.call({ probe: 'count' }, { functionName: 'once' })).toBe(1)
        expect(await under.call({ probe: 'count' }, { functionName: 'once' })).toBe(2)
      },
    },
  },
}
