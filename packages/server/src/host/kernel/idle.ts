import { readFileSync } from 'node:fs'

/** How long a virtual processor looks for work before it halts, in nanoseconds, unless somebody sets another time. */
export const usualHaltPollNs = 200_000
/** The parameter, for whoever may write it; see Documentation/virt/guest-halt-polling.rst of Linux. */
export const haltPollPath = '/sys/module/haltpoll/parameters/guest_halt_poll_ns'

const governorPath = '/sys/devices/system/cpu/cpuidle/current_governor'

/** What that time is here, where this kernel goes by it; undefined elsewhere. */
export function readHaltPollNs(read: (path: string) => string = readText): number | undefined {
  try {
    if (read(governorPath).trim() !== 'haltpoll') return undefined
    const [known] = /^\d+$/m.exec(read(haltPollPath)) ?? []
    return known === undefined ? undefined : Number(known)
  } catch {
    return undefined // no virtual machine, or one whose host decides by itself
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}
