/** How much one function's boxes weigh, where processors are short: together as one that works alone. */
export interface Sharing {
  /** So many share one's weight. */
  among(): number
  /** More work than before: said at once, because neighbours feel it. */
  more(): void
  /** Fewer may: said when somebody looks, because nobody feels it. */
  fewer(): void
}

/** In steps of two, so that little is said; `tell` reaches every box there is. */
export function createSharing(working: () => number, tell: (among: number) => void): Sharing {
  let told = 1

  function look(): number {
    return 2 ** Math.ceil(Math.log2(Math.max(1, working())))
  }
  function say(among: number): void {
    told = among
    tell(among)
  }
  return {
    among: () => told,
    more: () => {
      const among = look()
      if (among > told) say(among)
    },
    fewer: () => {
      const among = look()
      if (among < told) say(among)
    },
  }
}
