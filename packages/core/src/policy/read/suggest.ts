/** Longer than any name of ours; the cost grows with the square of it, and what was written may be hostile. */
const maxLength = 200

/**
 * The known word that a slip of the hand most likely meant: at most a third of the letters differ, and case counts
 * for nothing. Undefined when none is near. Of two as near as each other, the first.
 */
export function nearestWord(written: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const word of known) {
    const distance = editDistance(written.toLowerCase(), word.toLowerCase(), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [word, distance]
  }
  return best
}

/** Edits (insert, remove, replace, swap of neighbours) between two words; `limit` or more when not below it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit || a.length > maxLength || b.length > maxLength) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
