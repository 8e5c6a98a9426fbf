/** Texts, each known by its index, found by the texts that begin with them. */
export interface PrefixTable {
  /**
   * Asks, from the shortest on, every entry that the text may begin with, until an answer is yes. Texts share hashes,
   * so whoever is asked compares the first `length` letters.
   */
  readonly some: <Given>(
    text: string,
    ask: (entry: number, length: number, given: Given) => boolean,
    given: Given,
  ) => boolean
}

/** More entries than these one after the other, and it is no table: somebody chose them so. */
const longestRun = 32

/**
 * A table of texts by a hash that is carried along the text that is asked: for each length that an entry has, one
 * look-up. It takes four bytes a place, so that the table of many thousands stays close at hand. Undefined where too
 * many entries fall together.
 */
export function prefixTable(texts: readonly string[]): PrefixTable | undefined {
  const size = 2 ** Math.ceil(Math.log2(Math.max(4, texts.length * 2)))
  const mask = size - 1
  // One more than an entry's index, in the bits that tell places apart, and of its hash the other bits.
  const places = new Int32Array(size)
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0)
  const ends = new Uint8Array(longest + 1)
  for (const [entry, text] of texts.entries()) {
    const hash = hashOf(text)
    let place = hash & mask
    for (let run = 0; places[place] !== 0; place = (place + 1) & mask, run += 1) if (run > longestRun) return undefined
    places[place] = (hash & ~mask) | (entry + 1)
    ends[text.length] = 1
  }
  return {
    some: (text, ask, given) => {
      const last = Math.min(text.length, longest)
      let hash = 0
      for (let at = 0; ; at += 1) {
        if (ends[at] === 1) {
          const sought = spread(hash)
          for (let place = sought & mask; ; place = (place + 1) & mask) {
            const held = places[place] ?? 0
            if (held === 0) break
            if (((held ^ sought) & ~mask) === 0 && ask((held & mask) - 1, at, given)) return true
          }
        }
        if (at === last) return false
        hash = step(hash, text.charCodeAt(at))
      }
    },
  }
}

/** By which a text is found. Nothing rests on it but the time that a look-up takes. */
export function hashOf(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at += 1) hash = step(hash, text.charCodeAt(at))
  return spread(hash)
}

/** FNV-1a, over units. */
function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x0100_0193)
}

function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}
