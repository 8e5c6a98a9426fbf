import { type Decision, type Durability } from '@sallyport/core/access'

/** What only reads; a lost record of one of these after a power cut hides no effect. */
const reads = /^(dynamodb:(GetItem|BatchGetItem|Query|Scan)|sallyport:CallRoute|sallyport:InvokeFunction)$/

/**
 * How durable a decision's record must be before its effect: power loss may not take the record of a write, of a
 * door to the outside or of an administrative act. A refusal has no effect to outlive it; a call of a route or a
 * function has none either but through a door, whose own record is synced.
 */
export function durabilityOf(decision: Decision): Durability {
  if (decision.effect === 'deny') return 'written'
  return decision.asked.every(({ action }) => reads.test(action)) ? 'written' : 'synced'
}
