import type { Attack } from '../attack.ts'
import { attemptInside, controlInside } from '../verdicts.ts'

type Call = readonly (number | 'self')[]

/** One call by its numbers on both machines, with arguments that harm nobody where it is let through. */
interface KernelCall {
  readonly name: string
  readonly tries: string
  readonly x64: Call
  readonly arm64: Call
}

const calls: readonly KernelCall[] = [
  { name: 'ptrace', tries: 'trace processes', x64: [101, 0, 0, 0, 0], arm64: [117, 0, 0, 0, 0] },
  { name: 'namespace', tries: 'make a user namespace', x64: [272, 0x10000000], arm64: [97, 0x10000000] },
  { name: 'clone3', tries: 'make one by the call whose flags no filter sees', x64: [435, 0, 0], arm64: [435, 0, 0] },
  { name: 'io-uring', tries: 'queue its calls past the filter', x64: [425, 1, 0], arm64: [425, 1, 0] },
  { name: 'keyring', tries: 'reach the key ring of the session', x64: [250, 0, -3, 0], arm64: [219, 0, -3, 0] },
  {
    name: 'compare',
    tries: 'compare what processes share',
    x64: [312, 'self', 'self', 0, 0, 0],
    arm64: [272, 'self', 'self', 0, 0, 0],
  },
  { name: 'netlink', tries: 'list the sockets of the machine', x64: [41, 16, 3, 4], arm64: [198, 16, 3, 4] },
  { name: 'join', tries: 'join a namespace of others', x64: [308, -1, 0], arm64: [268, -1, 0] },
  {
    name: 'memory',
    tries: 'read memory as a debugger does',
    x64: [310, 'self', 0, 0, 0, 0, 0],
    arm64: [270, 'self', 0, 0, 0, 0, 0],
  },
  { name: 'perf', tries: 'watch the processor', x64: [298, 0, 0, -1, -1, 0], arm64: [241, 0, 0, -1, -1, 0] },
  {
    name: 'personality',
    tries: 'have addresses laid out as it likes',
    x64: [135, 0xffffffff],
    arm64: [92, 0xffffffff],
  },
  { name: 'ipc', tries: 'share memory outside of any file', x64: [29, 0, 0, 0], arm64: [194, 0, 0, 0] },
  { name: 'aio', tries: 'use the kernel\u2019s old asynchronous calls', x64: [206, 0, 0], arm64: [0, 0, 0] },
]

/** Entries into the kernel that no ordinary program needs. */
export const kernelAttacks: readonly Attack[] = calls.map(({ name, tries, x64, arm64 }) => {
  const instruction = { do: 'kernel', call: process.arch === 'arm64' ? arm64 : x64 } as const
  return {
    name: `kernel.${name}`,
    tries,
    stoppedBy: 'kernel',
    expected: ['EPERM', 'ENOSYS', 'EAFNOSUPPORT'],
    run: async (world) => attemptInside(await world.inside('storefront', instruction)),
    controls: 'the same call outside a box',
    control: async (world) => controlInside(await world.outside(instruction)),
  }
})
