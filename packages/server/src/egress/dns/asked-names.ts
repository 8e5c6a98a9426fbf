import type { NameRecord } from '@sallyport/core/access'

import type { Invocation } from '../../host/index.ts'
import type { Box } from '../box.ts'
import type { EgressRooms } from '../rooms.ts'

/** What one box asked for by name, and was told; a record for each name of each invocation. */
export interface AskedNames {
  /**
   * Counts one question. `first` for a name that nobody asked for yet in this invocation, `again` for one that is
   * counted already, `full` where it is one name too many to be kept apart.
   */
  count(question: { readonly name: string; readonly type: number }, answer: string): 'first' | 'again' | 'full'
  /** Writes what was counted; at the end of an invocation, and of the box. */
  flush(): void
}

/** Adversary: a box that asks for one name after another. What goes beyond is for the caller to count as a gap. */
const maxNames = 64
const maxTypes = 8

/** Begins to count for one box. */
export function createAskedNames(rooms: Pick<EgressRooms, 'append' | 'clock'>, box: Box): AskedNames {
  interface Asked {
    readonly at: number
    readonly name: string
    readonly answer: string
    readonly types: Set<string>
    count: number
  }
  const names = new Map<string, Asked>()
  let invocation: Invocation | undefined

  const flush = (): void => {
    for (const { at, name, answer, types, count } of names.values()) {
      const record: NameRecord = {
        kind: 'name',
        at,
        subject: box.subject.id,
        ...(invocation === undefined ? {} : { transaction: invocation.transaction, decision: invocation.decision }),
        name,
        types: [...types],
        answer,
        count,
      }
      rooms.append(record)
    }
    names.clear()
  }

  return {
    flush,
    count: ({ name, type }, answer) => {
      const current = box.current()
      if (current?.id !== invocation?.id) flush()
      invocation = current
      // A manifest that is loaded meanwhile may change the answer.
      const key = `${name} ${answer}`
      const known = names.get(key)
      if (known !== undefined) {
        known.count += 1
        if (known.types.size < maxTypes) known.types.add(typeName(type))
        return 'again'
      }
      if (names.size >= maxNames) return 'full'
      names.set(key, { at: rooms.clock(), name, answer, types: new Set([typeName(type)]), count: 1 })
      return 'first'
    },
  }
}

/** What resolvers ask for (IANA, "Resource Record (RR) TYPEs"); any other as RFC 3597 §5 writes it. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [255, 'ANY'],
])

function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`
}
