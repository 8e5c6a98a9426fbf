import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'

type Call = readonly (number | 'self')[]

/** One call by its numbers on both machines, with arguments that harm nobody where it is let through. */
interface KernelCall {
  readonly name: string
  readonly tries: string
  readonly x64: Call
  readonly arm64: Call
  /** A refusal that the others do not have, by its name. */
  readonly also?: 'EINVAL'
  /** Where the call outside is made by root of a user namespace: what an ordinary user may not do anywhere else. */
  readonly asRoot?: true
  /** Made outside in its place, where this machine's kernel has no such thing. */
  readonly instead?: { readonly is: string; readonly x64: Call; readonly arm64: Call }
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
  { name: 'setuid', tries: 'become root', x64: [105, 0], arm64: [146, 0], also: 'EINVAL', asRoot: true },
  { name: 'bpf', tries: 'reach programs and maps of the kernel', x64: [321, 1, 0, 0], arm64: [280, 1, 0, 0] },
  {
    name: 'vsock',
    tries: 'reach the hypervisor',
    x64: [41, 40, 1, 0],
    arm64: [198, 40, 1, 0],
    instead: { is: 'generic netlink', x64: [41, 16, 3, 16], arm64: [198, 16, 3, 16] },
  },
  {
    name: 'packet',
    tries: 'read and write packets as they are on the wire',
    x64: [41, 17, 3, 0],
    arm64: [198, 17, 3, 0],
    asRoot: true,
  },
  { name: 'aio', tries: 'use the kernel\u2019s old asynchronous calls', x64: [206, 0, 0], arm64: [0, 0, 0] },
]

/** Entries into the kernel that no ordinary program needs. */
export const kernelAttacks: readonly Attack[] = calls.map((call) => {
  const { name, tries, also, asRoot, instead } = call
  const entering = (one: Pick<KernelCall, 'x64' | 'arm64'>, more: { readonly asRoot?: true } = {}): Instruction => ({
    do: 'kernel',
    call: process.arch === 'arm64' ? one.arm64 : one.x64,
    ...(also === undefined ? {} : { also }),
    ...more,
  })
  const where = asRoot === undefined ? 'outside a box' : 'outside a box, by root of a user namespace'
  return {
    name: `kernel.${name}`,
    tries,
    stoppedBy: 'kernel',
    expected: ['EPERM', 'ENOSYS', 'EAFNOSUPPORT', ...(also === undefined ? [] : [also])],
    run: async (world) => attemptInside(await world.inside('storefront', entering(call))),
    controls: `the same call ${where}${instead === undefined ? '' : ` (${instead.is} where this kernel has none)`}`,
    control: async (world) => {
      const control = controlInside(await world.outside(entering(call, asRoot === undefined ? {} : { asRoot })))
      if (control.succeeded || instead === undefined) return control
      return controlInside(await world.outside(entering(instead)))
    },
  }
})
