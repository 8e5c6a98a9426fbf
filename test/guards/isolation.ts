import type { Guard } from './guard.ts'

const room = 'packages/server/src/host'

/** What a machine must have before anything runs, and what a box is launched with. */
export const isolationGuards: readonly Guard[] = [
  {
    name: 'what boxes cannot do without is demanded',
    attack: 'boxes are made where one of their walls is missing',
    file: `${room}/kernel/isolation.ts`,
    code: "strength !== 'absent' || !hardRequirements.has(control))",
    without: 'strength === strength)',
    noticedBy: [`${room}/kernel/isolation.test.ts`],
    testName: 'is usable with all that boxes',
  },
  {
    name: 'the filter of system calls is one of the walls that are demanded',
    attack: 'boxes run where the kernel filters no calls',
    file: `${room}/kernel/isolation.ts`,
    code: "new Set(['programs', 'user-namespaces', 'system-call-filter'])",
    without: "new Set(['programs', 'user-namespaces'])",
    noticedBy: [`${room}/kernel/isolation.test.ts`],
    testName: 'is usable with all that boxes',
  },
  {
    name: 'what is not usable is not called hard',
    attack: 'a machine without walls is called hard',
    file: `${room}/kernel/isolation.ts`,
    code: "strength: usable ? 'hard' : 'absent', findings",
    without: "strength: 'hard', findings",
    noticedBy: [`${room}/kernel/isolation.test.ts`],
    testName: 'is usable with all that boxes',
  },
  {
    name: 'what is weaker is said aloud',
    attack: 'nobody hears that a control is missing',
    file: `${room}/kernel/isolation.ts`,
    code: ".filter(({ strength }) => strength !== 'hard')",
    without: '.filter(() => false)',
    noticedBy: [`${room}/kernel/isolation.test.ts`],
    testName: 'says aloud what is weaker',
  },
  {
    name: 'the options of a box are in no process list',
    attack: 'the variables of a function are read in the process list',
    file: `${room}/box/launch.ts`,
    code: '...sandboxed(tools.bwrap, descriptors.options), ...plan.command]',
    without: "tools.bwrap, ...boxOptions(image, runtime, extras), '--', ...plan.command]",
    noticedBy: [`${room}/box/launch.test.ts`],
    testName: 'what the process list shows',
  },
  {
    name: 'without control groups a process has limits of its own',
    attack: 'a box takes all the memory where there are no control groups',
    file: `${room}/box/launch.ts`,
    code: 'group === undefined ? prlimitCommand(tools.prlimit, image) : []',
    without: '[]',
    noticedBy: [`${room}/box/launch.test.ts`],
    testName: 'each process is limited by itself',
  },
  {
    name: 'a kernel of its own that was asked for is given',
    attack: 'a function runs on the kernel of everybody where it asked for its own',
    file: `${room}/box/launch.ts`,
    code: 'if (image.runsc !== undefined) {',
    without: "if (image.runsc === '') {",
    noticedBy: [`${room}/box/launch.test.ts`],
    testName: 'launched with it',
  },
]
