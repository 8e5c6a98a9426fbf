import { type Guard, type GuardRow, guardsIn } from './guard.ts'

const rows: readonly GuardRow[] = [
  [
    'a box that crashes leaves no memory on the disk, and has no program of the host run',
    'server/src/host/box/pod.ts',
    "[tools.prlimit, coreLimitOption(), '--']",
    "[tools.prlimit, '--']",
    'server/src/host/box/pod',
    'on no others, and has its bounds',
  ],
  [
    'a parser that crashes leaves no memory on the disk, and has no program of the host run',
    'server/src/host/box/parser-process.ts',
    "[tools.prlimit, coreLimitOption(), '--', ",
    "[tools.prlimit, '--', ",
    'server/src/host/box/parser-process',
    'and no right of its own',
  ],
  [
    'a limit of zero bytes, which keeps the kernel from no program, is not what is set',
    'server/src/host/kernel/core-files.ts',
    "limit: hard === '0' ? 0 : 1 }",
    'limit: 0 }',
    'server/src/host/kernel/core-files',
    'where core files go to',
  ],
  [
    'a host that pipes the core files of boxes to a program is told of',
    'server/src/host/kernel/isolation.ts',
    'if (limit === 1) return { control',
    'if (limit >= 0) return { control',
    'server/src/host/kernel/isolation',
    'has a program of the host run',
  ],
  [
    'code in a box sets no other limit of core files',
    'server/src/host/kernel/seccomp.ts',
    'unless(jumpEqual, coreResource, 4),',
    'unless(jumpEqual, 99, 4),',
    'server/src/host/kernel/seccomp',
    'leaves the limit of core files as it is',
  ],
  [
    'nor by the older call',
    'server/src/host/kernel/seccomp.ts',
    'unless(jumpEqual, coreResource, 1), done, allow]',
    'unless(jumpEqual, 99, 1), done, allow]',
    'server/src/host/kernel/seccomp',
    'leaves the limit of core files as it is',
  ],
  [
    'nor through an address whose low word is zero',
    'server/src/host/kernel/seccomp.ts',
    '[load, 0, 0, argumentAt(2) + 4],',
    '[load, 0, 0, argumentAt(2)],',
    'server/src/host/kernel/seccomp',
    'leaves the limit of core files as it is',
  ],
]

/** What a box that crashes leaves of its memory, and whom it has run over it. */
export const coreFileGuards: readonly Guard[] = guardsIn(rows)
