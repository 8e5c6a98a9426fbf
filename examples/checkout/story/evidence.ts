import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type Hop, shortAction, shortResource, transactionOf } from '@sallyport/cli'
import type { DecisionRecord, LedgerRecord } from '@sallyport/core/access'

import type { Played } from './stage.ts'
import type { Step } from './steps.ts'

/** What a second process read from the disk. */
export interface Evidence {
  readonly records: readonly LedgerRecord[]
  /** What the functions printed. */
  readonly output: readonly { readonly text: string; readonly stream: string }[]
}

/** A step beside what the ledger says of it. */
export interface Verdict {
  readonly step: Step
  /** The decision that settled it; absent when the ledger has none. */
  readonly decision?: DecisionRecord
  /** The tree that it stands in, or that it led to. */
  readonly hops: readonly Hop[]
  /** What is not as stated; absent when everything is. */
  readonly difference?: string
}

/** Reads ledger and output in a process of its own. */
export async function readEvidence(folder: string): Promise<Evidence> {
  const script = join(import.meta.dirname, 'read-ledger.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, folder], {
    maxBuffer: 256 * 1024 * 1024,
  })
  const lines = stdout.split('\n').filter((line) => line !== '')
  // Parse boundary: the lines are those that read-ledger.ts prints, and the records were checked there.
  const parsed = lines.map((line) => JSON.parse(line) as { record?: LedgerRecord; output?: Evidence['output'][number] })
  return {
    records: parsed.flatMap(({ record }) => (record === undefined ? [] : [record])),
    output: parsed.flatMap(({ output }) => (output === undefined ? [] : [output])),
  }
}

/** Holds a step against the ledger. `since` is when this run began: an older record is no evidence for it. */
export function judge(step: Step, played: Played, evidence: Evidence, since: number): Verdict {
  const { records } = evidence
  const decision = records.findLast(
    (record): record is DecisionRecord =>
      record.kind === 'decision' &&
      record.at >= since &&
      (played.id === undefined
        ? played.resource !== undefined && record.asked.some(({ resource }) => resource.endsWith(`:${played.resource}`))
        : record.id === played.id),
  )
  if (decision === undefined)
    return { step, hops: [], difference: `the ledger has no decision for it: ${played.text.slice(0, 200)}` }
  const { hops } = transactionOf(records, decision.transaction)
  const difference = differenceIn(step, played, decision, hops)
  return { step, decision, hops, ...(difference === undefined ? {} : { difference }) }
}

function differenceIn(step: Step, played: Played, decision: DecisionRecord, hops: readonly Hop[]): string | undefined {
  const { expect, code, status, leadsTo = [] } = step
  if (decision.effect !== expect)
    return `expected ${expect}, the ledger says ${decision.effect} (${decision.reasons[0]?.code ?? ''})`
  const found = decision.reasons[0]?.code
  if (expect === 'deny' && found !== code) return `expected the code ${code ?? ''}, the ledger says ${found ?? 'none'}`
  if (status !== undefined && played.status !== status) {
    return `expected HTTP ${status}, got ${played.status ?? 'none'}: ${played.text.slice(0, 200)}`
  }
  const done = flat(hops)
    .filter((hop) => hop.decision.effect === 'allow' && hop.outcome?.outcome === 'done')
    .map((hop) => callOf(hop.decision))
  const missing = leadsTo.find((call) => !done.includes(call))
  return missing === undefined
    ? undefined
    : `expected it to lead to ${missing}; it led to ${done.join(', ') || 'nothing'}`
}

/** `orders dynamodb:PutItem table/Orders`. */
export function callOf({ subjectName, asked }: DecisionRecord): string {
  const [first] = asked
  return first === undefined
    ? subjectName
    : `${subjectName} ${shortAction(first.action)} ${shortResource(first.resource)}`
}

/** Every hop of a tree, parents first. */
export function flat(hops: readonly Hop[]): readonly Hop[] {
  return hops.flatMap((hop) => [hop, ...flat(hop.caused)])
}
