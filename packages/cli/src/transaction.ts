import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import {
  commandLine,
  type DecisionRecord,
  type LedgerRecord,
  type NameRecord,
  type OutcomeRecord,
  SallyportError,
} from '@sallyport/core/access'
import { parseRecord, readEntries } from '@sallyport/core/ledger'

import { stateFolder } from './terminal.ts'

/** A decision, what came of it, and the decisions that it led to. */
export interface Hop {
  readonly decision: DecisionRecord
  /** Absent when nothing was recorded: it was refused, it still runs, or the server ended before it knew. */
  readonly outcome?: OutcomeRecord
  /** What the function that was started asked for by name. */
  readonly names?: readonly NameRecord[]
  readonly caused: readonly Hop[]
}

/** Everything that one outside request led to. */
export interface Transaction {
  readonly id: string
  readonly hops: readonly Hop[]
}

/** The shortest prefix of an id that is taken for it. */
const shortestPrefix = 4

/** Reads the ledger's files, oldest record first. It may run beside the server: a half-written record is left out. */
export function readRecords(folder: string): readonly LedgerRecord[] {
  const ledger = join(stateFolder(folder), 'ledger')
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  return segmentsOf(ledger).flatMap((name) =>
    readEntries(readFileSync(join(ledger, name)), sha256).entries.map(({ bytes }) => parseRecord(bytes)),
  )
}

function segmentsOf(ledger: string): readonly string[] {
  try {
    return readdirSync(ledger)
      .filter((name) => name.endsWith('.seg'))
      .toSorted()
  } catch (cause) {
    // Theirs alone, as it should be.
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES')
      throw new SallyportError('cli.foreign_state', `${ledger} is another user's: ask as that user, or as root`, {
        cause,
      })
    throw new SallyportError('cli.no_ledger', `there is no ledger in ${ledger}: nothing was decided here yet`, {
      cause,
      fix: commandLine('sallyport', 'up', dirname(dirname(ledger))),
    })
  }
}

/**
 * Finds the transaction of a decision, or by its own id. A prefix will do when it fits one only.
 * Throws `cli.no_such_id` or `cli.ambiguous_id`.
 */
export function findTransaction(
  records: readonly LedgerRecord[],
  id: string,
): { readonly transaction: Transaction; readonly decision?: DecisionRecord } {
  const decisions = records.filter((record) => record.kind === 'decision')
  const prefix = id.toLowerCase()
  const fits = (whole: string): boolean =>
    whole === prefix || (prefix.length >= shortestPrefix && whole.startsWith(prefix))
  const exact = decisions.filter((decision) => decision.id === prefix)
  const found = exact.length > 0 ? exact : decisions.filter((decision) => fits(decision.id))
  const transactions = new Set(found.map(({ transaction }) => transaction))
  if (found.length === 0) for (const { transaction } of decisions) if (fits(transaction)) transactions.add(transaction)
  const [transaction, ...others] = transactions
  if (transaction === undefined) {
    throw new SallyportError('cli.no_such_id', `no decision and no transaction in the ledger has the id ${id}`, {
      fix: commandLine('sallyport', 'why', '--last'),
    })
  }
  if (others.length > 0 || found.length > 1) {
    const candidates = (found.length > 1 ? found.map((decision) => decision.id) : [...transactions]).slice(0, 5)
    throw new SallyportError('cli.ambiguous_id', `${id} fits more than one: ${candidates.join(', ')}`, {
      fix: commandLine('sallyport', 'why', candidates[0] ?? id),
    })
  }
  const [decision] = found
  return { transaction: transactionOf(records, transaction), ...(decision === undefined ? {} : { decision }) }
}

/** Puts the records of one transaction into a tree, by what led to what. */
export function transactionOf(records: readonly LedgerRecord[], id: string): Transaction {
  const outcomes = new Map<string, OutcomeRecord>()
  const decisions: DecisionRecord[] = []
  const names = new Map<string, NameRecord[]>()
  for (const record of records) {
    if (record.kind === 'outcome' && record.transaction === id) outcomes.set(record.decision, record)
    if (record.kind === 'decision' && record.transaction === id) decisions.push(record)
    if (record.kind === 'name' && record.transaction === id && record.decision !== undefined) {
      names.set(record.decision, [...(names.get(record.decision) ?? []), record])
    }
  }
  const known = new Set(decisions.map((decision) => decision.id))
  const hopOf = (decision: DecisionRecord): Hop => {
    const outcome = outcomes.get(decision.id)
    const caused = decisions.filter(({ parent, id: own }) => parent === decision.id && own !== decision.id).map(hopOf)
    const asked = names.get(decision.id)
    return {
      decision,
      ...(outcome === undefined ? {} : { outcome }),
      ...(asked === undefined ? {} : { names: asked }),
      caused,
    }
  }
  return { id, hops: decisions.filter(({ parent }) => parent === undefined || !known.has(parent)).map(hopOf) }
}
