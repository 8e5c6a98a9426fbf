import { readdir, readFile } from 'node:fs/promises'

/** What every bubblewrap of ours has on its command line; it must be the first there. */
export const mark: readonly string[] = ['--hostname', 'sallyport']

/** A bubblewrap of ours that reads its options from this descriptor, so that the process list shows none of them. */
export function sandboxed(bwrap: string, descriptor: number): readonly string[] {
  return [bwrap, ...mark, '--args', String(descriptor), '--']
}

/**
 * Ends the first process of every sandbox of ours that nobody watches over any more, of this server or of one that was
 * killed, and what it may have begun with it. bubblewrap makes that process, writes its user mappings, gives it the
 * word and only then ties its life to its own: killed before, it leaves one that waits for ever, with the descriptors
 * that it was given, or goes on alone. Control groups would tell, where there are any.
 */
export async function endAbandoned(bwrap: string): Promise<void> {
  const marked = [bwrap, ...mark, ''].join('\0')
  const isMarked = async (pid: string): Promise<boolean> => (await read(pid, 'cmdline')).startsWith(marked)
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (!(await isMarked(pid))) continue
    const status = await read(pid, 'status')
    const isFirst = /^NSpid:.*\t1$/m.test(status)
    const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1]
    if (isFirst && parent !== undefined && !(await isMarked(parent))) end(Number(pid))
  }
}

/** Empty of one that is gone, or of init's parent. */
async function read(pid: string, name: 'cmdline' | 'status'): Promise<string> {
  return readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone meanwhile, or another user's: theirs to end.
  }
}
