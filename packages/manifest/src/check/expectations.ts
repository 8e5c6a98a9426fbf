import type { AccessRequest } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'

import type { App, Expectation, Fault } from '../app.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { explain } from '../explain/explain.ts'
import { collectFaults, type Faults, showPosition } from '../source/faults.ts'

/** Adds what guests say to requests that nobody made. */
export type AskGuests = (asked: readonly AccessRequest[]) => Promise<readonly AccessRequest[]>

/**
 * Runs the worked examples. `X -> Y` under `allow` holds when X may do at least one of the things that Y stands for;
 * under `deny`, when X may do none of them. Guests are not asked, so what they would be asked about is denied.
 */
export function runExpectations(compiled: CompiledApp, app: App): readonly Fault[] {
  const faults = collectFaults()
  for (const example of app.expect) {
    const asks = asksOf(example, app, faults)
    if (asks !== undefined) compare(example, asks, compiled, app, faults)
  }
  return faults.all()
}

/** The same, where each example is what the guests make of it as well. */
export async function runExpectationsWith(
  compiled: CompiledApp,
  app: App,
  askGuests: AskGuests,
): Promise<readonly Fault[]> {
  const faults = collectFaults()
  for (const example of app.expect) {
    const asks = asksOf(example, app, faults)
    if (asks !== undefined) compare(example, await askGuests(asks), compiled, app, faults)
  }
  return faults.all()
}

function asksOf({ subject, object, at }: Expectation, app: App, faults: Faults): readonly AccessRequest[] | undefined {
  const ask = describeAsk(app, subject, object)
  if (ask.kind === 'asks') return ask.asks
  faults.add('manifest.unresolved_name', at, ask.message, ask.suggestion)
  return undefined
}

function compare(
  { effect, text, at }: Expectation,
  asks: readonly AccessRequest[],
  compiled: CompiledApp,
  app: App,
  faults: Faults,
): void {
  const decisions = asks.map((asked) => decide(compiled.authority, [asked]))
  const allowed = decisions.find((decision) => decision.effect === 'allow')
  if ((allowed !== undefined) === (effect === 'allow')) return
  if (allowed !== undefined) {
    const origin = compiled.origins.get(allowed.reasons[0]?.rule ?? '')
    faults.add(
      'expect.failed',
      at,
      `"${text}" is allowed${origin === undefined ? '' : ` by ${showPosition(origin)}`}.`,
      'take that line away, or move the example to allow',
    )
    return
  }
  const denied = decisions[0] === undefined ? undefined : explain(decisions[0], compiled, app)
  const reason = denied?.reasons[0]
  faults.add(
    'expect.failed',
    at,
    `"${text}" is denied: ${reason?.message ?? 'there is nothing to ask'}.`.replace('..', '.'),
    reason?.fix ?? 'change the grant, or move the example to deny',
  )
}
