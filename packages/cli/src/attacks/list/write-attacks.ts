import { join } from 'node:path'

import type { Attack } from '../attack.ts'
import { attemptInside, controlInside } from '../verdicts.ts'

const files: readonly {
  readonly name: string
  readonly tries: string
  readonly path: string
  readonly text: string
}[] = [
  {
    name: 'own-code',
    tries: 'change its own code, for whoever is served next',
    path: '/var/task/index.mjs',
    text: 'loot',
  },
  {
    name: 'kernel-setting',
    tries: 'have the kernel run a program of its own at the next crash',
    path: '/proc/sys/kernel/core_pattern',
    text: '|/tmp/loot',
  },
]

/** Files that a function sees and must not write. Outside it writes one of ours: nobody needs harm for a control. */
export const writeAttacks: readonly Attack[] = files.map(({ name, tries, path, text }) => ({
  name: `boxes.${name}`,
  tries,
  stoppedBy: 'box',
  expected: ['EROFS', 'EACCES', 'EPERM', 'ENOENT'],
  run: async (world) => attemptInside(await world.inside('storefront', { do: 'write', path, text })),
  controls: 'the same code outside a box, at a file of ours',
  control: async (world) => {
    const ours = join(world.hostile.folder, `${name}.txt`)
    return controlInside(await world.outside({ do: 'write', path: ours, text }))
  },
}))
