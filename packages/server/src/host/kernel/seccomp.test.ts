import { existsSync, readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { seccompFilter } from './seccomp.ts'
import { allowedCalls, refusedCalls, type SyscallNumbers } from './seccomp-table.ts'

const ALLOW = 0x7fff0000
const KILL = 0x80000000
const errno = (number: number): number => 0x00050000 | number

interface Call {
  readonly arch: number
  readonly number: number
  readonly argv?: readonly number[]
  /** The upper words of the arguments; 0 unless said. */
  readonly high?: readonly number[]
}

/** Runs the filter as the kernel would: classic BPF over `struct seccomp_data`. */
function run(filter: Uint8Array, { arch, number, argv = [], high = [] }: Call): number {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength)
  const data = new Map([
    [0, number],
    [4, arch],
    ...argv.map((value, index) => [16 + 8 * index, value] as const),
    ...high.map((value, index) => [20 + 8 * index, value] as const),
  ])
  let accumulator = 0
  for (let at = 0; at * 8 < filter.byteLength; at++) {
    const [code, yes, no, operand] = [
      view.getUint16(at * 8, true),
      view.getUint8(at * 8 + 2),
      view.getUint8(at * 8 + 3),
      view.getUint32(at * 8 + 4, true),
    ]
    if (code === 0x06) return operand
    if (code === 0x20) accumulator = data.get(operand) ?? 0
    else if (code === 0x15) at += accumulator === operand ? yes : no
    else if (code === 0x35) at += accumulator >= operand ? yes : no
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? yes : no
    else throw new Error(`unknown instruction ${code}`)
  }
  throw new Error('the filter ran past its end')
}

describe.each([
  { machine: 'x64', arch: 0xc000003e, numbers: [56, 16, 41, 53, 160, 302], read: 0 },
  { machine: 'arm64', arch: 0xc00000b7, numbers: [220, 29, 198, 199, 164, 261], read: 63 },
] as const)('the filter for $machine', ({ machine, arch, numbers: byArgument, read }) => {
  const [clone, ioctl, socket, , setrlimit, prlimit64] = byArgument
  const filter = seccompFilter(machine) ?? new Uint8Array()
  const verdict = (number: number, ...argv: number[]): number => run(filter, { arch, number, argv })

  const numbersOf = (calls: ReadonlyMap<string, SyscallNumbers>): readonly number[] =>
    [...calls.values()].flatMap((numbers) => numbers[machine] ?? [])

  it('refuses every call of the table', () => {
    expect(numbersOf(refusedCalls).length).toBeGreaterThan(60)
    for (const number of numbersOf(refusedCalls)) expect(verdict(number), String(number)).toBe(errno(1))
  })

  it('allows what is on its list, and tells every other number that there is no such call', () => {
    const [allowed, refused] = [numbersOf(allowedCalls), numbersOf(refusedCalls)]
    expect(allowed.length).toBeGreaterThan(170)
    const byArguments = new Set<number>(byArgument)
    for (let number = 0; number < 1_024; number++) {
      if (byArguments.has(number)) continue
      const expected = allowed.includes(number) ? ALLOW : errno(refused.includes(number) ? 1 : 38)
      expect(verdict(number), String(number)).toBe(expected)
    }
  })

  it('has no call on both lists', () => {
    expect([...allowedCalls.keys()].filter((name) => refusedCalls.has(name))).toEqual([])
    expect(numbersOf(allowedCalls).filter((number) => byArgument.some((one) => one === number))).toEqual([])
  })

  it('allows what an ordinary program does', () => {
    expect(verdict(read)).toBe(ALLOW)
    expect(verdict(clone, 0x003d0f00), 'a thread').toBe(ALLOW)
    expect(verdict(ioctl, 0, 0x5401)).toBe(ALLOW)
    for (const family of [1, 2, 10]) expect(verdict(socket, family, 1, 0)).toBe(ALLOW)
    expect(verdict(socket, 16, 3, 0), 'netlink, routes').toBe(ALLOW)
  })

  it('leaves the limit of core files as it is, and says that it was set', () => {
    const [files, core, address] = [7, 4, 0x7ffc0000]
    for (const [call, first] of [[setrlimit, []] as const, [prlimit64, [0]] as const]) {
      expect(verdict(call, ...first, core, address), 'core files').toBe(errno(0))
      expect(verdict(call, ...first, files, address), 'open files').toBe(ALLOW)
    }
    expect(verdict(prlimit64, 0, core, 0, address), 'reading it').toBe(ALLOW)
    const above = 'an address whose low word is 0'
    expect(run(filter, { arch, number: prlimit64, argv: [0, core, 0], high: [0, 0, 1] }), above).toBe(errno(0))
  })

  it('kills calls of another architecture', () => {
    expect(run(filter, { arch: 0x40000003, number: read })).toBe(KILL)
  })

  it('refuses each new namespace, terminal injection, other families and calls it does not know', () => {
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80]) {
      expect(verdict(clone, flag | 0x11)).toBe(errno(1))
    }
    for (const request of [0x5412, 0x541c]) expect(verdict(ioctl, 0, request)).toBe(errno(1))
    for (const family of [3, 15, 17, 31, 38, 40, 44]) expect(verdict(socket, family, 3, 0)).toBe(errno(97))
    expect(verdict(socket, 16, 3, 4)).toBe(errno(97))
    expect(verdict(435)).toBe(errno(38))
    expect(verdict(467), 'open_tree_attr').toBe(errno(38))
  })

  it.runIf(machine === 'x64')('kills the x32 calls', () => {
    expect(verdict(0x40000000 | 59)).toBe(KILL)
  })
})

describe('an unknown machine', () => {
  it('has no filter', () => {
    expect(seccompFilter('riscv64')).toBeUndefined()
  })
})

/** The kernel's own lists, which the package linux-libc-dev brings. */
const headers: Readonly<Record<'x64' | 'arm64', string>> = {
  x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
}

describe.each(['x64', 'arm64'] as const)('the numbers of the tables for %s', (machine) => {
  it.skipIf(!existsSync(headers[machine]))("are those of the kernel's own header", () => {
    const text = readFileSync(headers[machine], 'utf8')
    const known = new Map([...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name, number]) => [name, number]))
    let compared = 0
    for (const [name, numbers] of [...allowedCalls, ...refusedCalls]) {
      const expected = known.get(name)
      if (expected === undefined) continue // older than the table, or one that this header names by another macro
      compared += 1
      expect(numbers[machine], name).toBe(Number(expected))
    }
    expect(compared).toBeGreaterThan(200)
  })
})
