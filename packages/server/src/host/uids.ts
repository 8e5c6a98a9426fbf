import { SallyportError } from '@sallyport/core/access'

/** The uids that boxes run under, as root; where this process is nobody's lord, every one is undefined. */
export interface Uids {
  /** One for each function as long as the engine lives, so that the kernel keeps files and limits apart. */
  ofFunction(name: string): number | undefined
  /** One for a single box, nobody else's until it is given back. */
  lend(): { readonly uid?: number; readonly giveBack: () => void }
}

/** Functions take from the bottom of the range, single boxes from its top. Throws `host.uid_range` when they meet. */
export function assignUids({ first, count }: { readonly first: number; readonly count: number }, root: boolean): Uids {
  const functions = new Map<string, number>()
  const free: number[] = []
  let lent = 0

  function refuseBeyond(taken: number): void {
    if (taken > count) throw new SallyportError('host.uid_range', `more than ${count} functions for the uid range`)
  }

  return {
    ofFunction: (name) => {
      if (!root) return undefined
      const known = functions.get(name)
      if (known !== undefined) return known
      refuseBeyond(functions.size + 1 + lent)
      const uid = first + functions.size
      functions.set(name, uid)
      return uid
    },
    lend: () => {
      if (!root) return { giveBack: () => undefined }
      const again = free.pop()
      if (again === undefined) {
        refuseBeyond(functions.size + lent + 1)
        lent += 1
      }
      const uid = again ?? first + count - lent
      let given = false
      return {
        uid,
        giveBack: () => {
          if (!given) free.push(uid)
          given = true
        },
      }
    },
  }
}
