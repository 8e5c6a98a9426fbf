import type { Guard } from './guard.ts'

const verb = ['packages/cli/src/verbs/learn.test.ts']

/** What may be learned, and by whose word it counts. */
export const learnGuards: readonly Guard[] = [
  {
    name: 'a new host is learned only by its name',
    attack: 'a poisoned dependency asks for its own host while learn records',
    file: 'packages/cli/src/verbs/learn.ts',
    code: '!each.newHost || named.has(each.newHost)',
    without: '!each.newHost || flags.yes || named.has(each.newHost)',
    noticedBy: verb,
    testName: 'unless its name is typed',
  },
  {
    name: 'a new host is typed letter by letter',
    attack: 'a poisoned dependency asks for its own host while learn records',
    file: 'packages/cli/src/verbs/learn.ts',
    code: 'if (typed === host) named.add(host)',
    without: 'if (typed) named.add(host)',
    noticedBy: verb,
    testName: 'unless its name is typed',
  },
  {
    name: 'nothing is recorded in up',
    attack: 'up hears out hosts that nobody wrote down',
    file: 'packages/server/src/start/arguments.ts',
    code: "if (values.learn === true && mode !== 'dev')",
    without: "if (values.learn === true && mode === 'dev' && folder === '')",
    noticedBy: ['packages/server/src/start/arguments.test.ts'],
    testName: 'a recording in up',
  },
  {
    name: 'a name that no door has gets no address unless learn records',
    attack: 'boxes.dns',
    file: 'packages/server/src/egress/dns/dns.ts',
    code: 'learn !== undefined && isHostName(name)',
    without: 'isHostName(name)',
    noticedBy: ['packages/server/src/egress/learn.test.ts'],
    testName: 'unless it records',
  },
]
