import { randomUUID } from 'node:crypto'

import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'

/** Alice's call leaves something and bob's looks for it; that alice's next one finds it shows that it was left. */
const left = (
  leave: (word: string) => Instruction,
  look: (word: string) => Instruction,
): Pick<Attack, 'run' | 'controls' | 'control'> => ({
  run: async (world) => {
    const word = randomUUID()
    await world.inside('storefront', leave(word))
    return attemptInside(await world.inside('storefront', look(word), 'bob'))
  },
  controls: 'the one who left it finds it',
  control: async (world) => {
    // Alice may have several boxes by now, and any of them may answer.
    for (let tries = 1; ; tries += 1) {
      const word = randomUUID()
      await world.inside('storefront', leave(word))
      const found = controlInside(await world.inside('storefront', look(word)))
      if (found.succeeded || tries === 20) return found
    }
  },
})

/** What one person's call leaves behind in a box, for the next person's to find. */
export const leftoverAttacks: readonly Attack[] = [
  {
    name: 'leftovers.memory',
    tries: 'find in memory what another person\u2019s call put there',
    stoppedBy: 'box',
    expected: ['absent'],
    ...left(
      (word) => ({ do: 'remember', word }),
      (word) => ({ do: 'recall', word }),
    ),
  },
  {
    name: 'leftovers.scratch',
    tries: 'find it in a file under /tmp',
    stoppedBy: 'box',
    expected: ['ENOENT'],
    ...left(
      (word) => ({ do: 'write', path: `/tmp/${word}`, text: word }),
      (word) => ({ do: 'file', path: `/tmp/${word}` }),
    ),
  },
]
