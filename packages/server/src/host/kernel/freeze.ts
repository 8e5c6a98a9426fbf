import { readdirSync, readFileSync } from 'node:fs'

/** Stops every process of a box, and lets them go on. */
export interface Freezer {
  /** Costs an idle box's timers their processor time. It is no wall: what runs out between calls is refused anyway. */
  freeze(): void
  thaw(): void
}

/** A process that forks while it is stopped is found in a later round; whoever runs on after these only runs on. */
const maxRounds = 5

/**
 * For the box whose outermost process is `pid`. Its two first processes are bwrap's own and wait for the others: they
 * are left alone, so that the box can be ended at any time. Signals are used, and not the kernel's freezer of control
 * groups, because a process that was killed while that one held it would stay (v1), and because they need no groups.
 */
export function freezerFor(pid: number): Freezer {
  const stopped = new Set<number>()
  return {
    freeze: () => {
      for (let round = 0; round < maxRounds; round++) {
        const found = childrenOf(pid)
          .flatMap(processesBelow)
          .filter((one) => !stopped.has(one))
        if (found.length === 0) return
        for (const one of found) if (signal(one, 'SIGSTOP')) stopped.add(one)
      }
    },
    thaw: () => {
      for (const one of stopped) signal(one, 'SIGCONT')
      stopped.clear()
    },
  }
}

function processesBelow(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...processesBelow(child)])
}

/** Children stand under the thread that made them (proc_pid_task_children(5)); a kernel without that file has none. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return [] // it has just ended
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false // it has just ended
  }
}
