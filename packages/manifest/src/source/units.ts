const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30d` in milliseconds. The grammar has checked the form; anything else is `undefined`. */
export function parseDurationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = unitMs[unit ?? '']
  return count === undefined || factor === undefined ? undefined : Number(count) * factor
}

/** `10/m` as calls per interval. */
export function parseLimit(text: string): { readonly calls: number; readonly perMs: number } | undefined {
  const [, calls, unit] = /^(\d+)\/(s|m|h|d)$/.exec(text) ?? []
  const perMs = unitMs[unit ?? '']
  return calls === undefined || perMs === undefined ? undefined : { calls: Number(calls), perMs }
}

/** Milliseconds in the largest unit that divides them: `90000` → `90s`. */
export function showDuration(durationMs: number): string {
  for (const [unit, factor] of Object.entries(unitMs).toReversed()) {
    if (durationMs >= factor && durationMs % factor === 0) return `${durationMs / factor}${unit}`
  }
  return `${durationMs}ms`
}
