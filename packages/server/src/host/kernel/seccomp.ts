import { endianness } from 'node:os'

import { allowedCalls, machines, refusedCalls, type SyscallNumbers } from './seccomp-table.ts'

/** One classic BPF instruction: code, jump if true, jump if false, operand (`struct sock_filter`). */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number]

const load = 0x20
const jumpEqual = 0x15
const jumpGreaterOrEqual = 0x35
const jumpAnyBit = 0x45
const giveBack = 0x06

// Offsets into `struct seccomp_data`; of an argument only the low word, which is all that the kernel reads of an int.
const numberAt = 0
const archAt = 4
const argumentAt = (index: number): number => 16 + 8 * index

const allow: Instruction = [giveBack, 0, 0, 0x7fff0000]
const kill: Instruction = [giveBack, 0, 0, 0x80000000]
const fail = (errno: number): Instruction => [giveBack, 0, 0, 0x00050000 | errno]
/** Answers 0 and does nothing. */
const done = fail(0)
const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME: no namespace inside a box. */
const newNamespaceFlags = 0x7e020080
/** Both put characters into the input of a terminal: the classic way out of a sandbox started from a shell. */
const terminalInjections = [0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */]
/** RLIMIT_CORE. The limit of a box keeps the host from running a program over what crashed: see `coreLimitOption`. */
const coreResource = 4
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 }

/**
 * The system call filter of a box, as the bytes that `bwrap --seccomp` reads: what is on the list of allowed calls
 * passes, what is refused by name answers EPERM, everything else ENOSYS, as on a kernel that has no such call.
 * Adversary: code that fully controls the function's process and looks for a kernel entry besides those that an
 * ordinary program needs. Undefined for a machine whose call numbers we do not know.
 */
export function seccompFilter(machine: string): Uint8Array | undefined {
  if (machine !== 'x64' && machine !== 'arm64') return undefined
  const { auditArch, foreignAbiFrom, clone, ioctl, socket, socketpair, setrlimit, prlimit64 } = machines[machine]
  const numbersOf = (calls: ReadonlyMap<string, SyscallNumbers>): readonly number[] =>
    [...calls.values()].flatMap((numbers) => numbers[machine] ?? [])
  return assemble([
    [load, 0, 0, archAt],
    [jumpEqual, 1, 0, auditArch],
    kill,
    [load, 0, 0, numberAt],
    ...(foreignAbiFrom === undefined ? [] : [unless(jumpGreaterOrEqual, foreignAbiFrom, 1), kill]),
    ...rangesOf(numbersOf(allowedCalls)).flatMap(allowRange),
    ...numbersOf(refusedCalls).flatMap((call) => [unless(jumpEqual, call, 1), fail(EPERM)]),
    ...forCall(clone, [[load, 0, 0, argumentAt(0)], unless(jumpAnyBit, newNamespaceFlags, 1), fail(EPERM), allow]),
    ...forCall(ioctl, [
      [load, 0, 0, argumentAt(1)],
      ...terminalInjections.flatMap((request) => [unless(jumpEqual, request, 1), fail(EPERM)]),
      allow,
    ]),
    ...[socket, socketpair].flatMap((call) => forCall(call, socketFamilies)),
    ...forCall(setrlimit, [[load, 0, 0, argumentAt(0)], unless(jumpEqual, coreResource, 1), done, allow]),
    ...forCall(prlimit64, coreLimitStays),
    // clone3 among them: its flags lie in memory, where a filter cannot look, and libc falls back to clone.
    fail(ENOSYS),
  ])
}

/** Numbers as stretches without a gap, in order. */
function rangesOf(numbers: readonly number[]): readonly (readonly [first: number, last: number])[] {
  const ranges: [number, number][] = []
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1)
    if (last !== undefined && number <= last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges
}

function allowRange([first, last]: readonly [first: number, last: number]): readonly Instruction[] {
  if (first === last) return [unless(jumpEqual, first, 1), allow]
  return [unless(jumpGreaterOrEqual, first, 2), [jumpGreaterOrEqual, 1, 0, last + 1], allow]
}

/** Netlink's protocol 0 (routing) must stay, or `os.networkInterfaces()` throws. No VSOCK, ALG, PACKET, BLUETOOTH. */
const socketFamilies: readonly Instruction[] = [
  [load, 0, 0, argumentAt(0)],
  ...[families.unix, families.inet, families.inet6].flatMap((family) => [unless(jumpEqual, family, 1), allow]),
  unless(jumpEqual, families.netlink, 3),
  [load, 0, 0, argumentAt(2)],
  unless(jumpEqual, 0, 1),
  allow,
  fail(EAFNOSUPPORT),
]

/**
 * Reading a limit names no new one. Who sets that of core files is told that it was done: programs do so to leave none,
 * which holds already, and some end where they cannot.
 */
const coreLimitStays: readonly Instruction[] = [
  [load, 0, 0, argumentAt(1)],
  unless(jumpEqual, coreResource, 4),
  [load, 0, 0, argumentAt(2)],
  unless(jumpEqual, 0, 3),
  [load, 0, 0, argumentAt(2) + 4],
  unless(jumpEqual, 0, 1),
  allow,
  done,
]

/** Goes on with the next instruction when the test holds, else skips `count`. */
function unless(test: number, operand: number, count: number): Instruction {
  return [test, 0, count, operand]
}

/** `body` for one call only; it must end in a return. */
function forCall(call: number, body: readonly Instruction[]): readonly Instruction[] {
  return [unless(jumpEqual, call, body.length), ...body]
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8))
  const little = endianness() === 'LE'
  for (const [index, [code, jumpTrue, jumpFalse, operand]] of program.entries()) {
    bytes.setUint16(index * 8, code, little)
    bytes.setUint8(index * 8 + 2, jumpTrue)
    bytes.setUint8(index * 8 + 3, jumpFalse)
    bytes.setUint32(index * 8 + 4, operand >>> 0, little)
  }
  return new Uint8Array(bytes.buffer)
}
