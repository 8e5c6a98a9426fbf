import type { Hop } from '@sallyport/cli'

import { callOf, flat, type Verdict } from './evidence.ts'
import type { PoisonVerdict } from './poison.ts'

const widths = { who: 60, verdict: 7, why: 46 }

/** The story as one table: who, what (indented by hop), verdict, why with the manifest's line, milliseconds. */
export function storyTable(verdicts: readonly Verdict[]): string {
  const head = row('who does what', 'verdict', 'why', 'ms')
  return [head, '-'.repeat(head.length), ...verdicts.flatMap(rowsOf)].join('\n')
}

function rowsOf({ step, decision, hops, difference }: Verdict): readonly string[] {
  const root = hops[0]
  const settled = decision ?? root?.decision
  const reason = settled?.reasons[0]
  const first = row(
    `${step.who} ${step.does}`,
    settled?.effect ?? '-',
    settled?.effect === 'allow' ? placeOf(reason) : `${reason?.code ?? ''} ${placeOf(reason)}`,
    root === undefined ? '' : millisecondsOf(root),
  )
  const deeper = root === undefined ? [] : root.caused.flatMap((hop) => hopRows(hop, 1, settled?.id))
  const poisoned = flat(hops).filter(isPoison).length
  const noted =
    poisoned === 0 ? [] : [`    and ${poisoned} attempts of the poisoned dependency, all refused: see below`]
  return [first, ...deeper, ...noted, ...(difference === undefined ? [] : [`    NOT AS STATED: ${difference}`])]
}

/** Allowed hops, and the denial that settled the step; the poison has a table of its own. */
function hopRows(hop: Hop, depth: number, settledBy: string | undefined): readonly string[] {
  const { decision } = hop
  if (isPoison(hop) && decision.id !== settledBy) return []
  const reason = decision.reasons[0]
  const why = decision.effect === 'allow' ? placeOf(reason) : `${reason?.code ?? ''} ${placeOf(reason)}`
  const own = row(
    `${'  '.repeat(depth)}${callOf(decision).replace(' ', ' > ')}`,
    decision.effect,
    why,
    millisecondsOf(hop),
  )
  return [own, ...hop.caused.flatMap((next) => hopRows(next, depth + 1, settledBy))]
}

/** The storefront's own code makes no call that its manifest does not grant: what is refused there is the poison's. */
function isPoison({ decision }: Hop): boolean {
  return decision.effect === 'deny' && decision.subjectName === 'storefront'
}

/** Every route of the poisoned dependency: what stopped it inside, and that the same probe worked outside. */
export function poisonTable(verdicts: readonly PoisonVerdict[]): string {
  const head = `${'route'.padEnd(16)} ${'stopped by'.padEnd(40)} ${'met inside'.padEnd(44)} outside (control)`
  const rows = verdicts.flatMap(({ poison, stoppedBy, result, at, control, difference }) => [
    [
      poison.padEnd(16),
      stoppedBy.padEnd(40),
      cut(`${shortIds(result)}${at === undefined ? '' : ` ${at}`}`, 44),
      cut(control, 40),
    ]
      .join(' ')
      .trimEnd(),
    ...(difference === undefined ? [] : [`    NOT AS STATED: ${difference}`]),
  ])
  return [head, '-'.repeat(head.length + 20), ...rows].join('\n')
}

/** From the decision to its outcome, as the ledger has both. */
function millisecondsOf({ decision, outcome }: Hop): string {
  return outcome === undefined ? '' : String(outcome.at - decision.at)
}

function placeOf(reason: { readonly at?: string; readonly rule?: string } | undefined): string {
  return [reason?.at, reason?.at === undefined ? reason?.rule : undefined]
    .filter((part) => part !== undefined)
    .join(' ')
}

function row(who: string, verdict: string, why: string, ms: string): string {
  return `${cut(who, widths.who)} ${verdict.padEnd(widths.verdict)} ${cut(why, widths.why)} ${ms.padStart(5)}`.trimEnd()
}

function shortIds(text: string): string {
  return text.replace(/\b([0-9a-f]{8})[0-9a-f]{24}\b/g, '$1')
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}
