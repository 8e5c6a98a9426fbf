import { decide } from '@sallyport/core/policy'

import type { App, Fault } from '../app.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { explain } from '../explain/explain.ts'
import { collectFaults, showPosition } from '../source/faults.ts'

/**
 * Runs the worked examples. `X -> Y` under `allow` holds when X may do at least one of the things that Y stands for;
 * under `deny`, when X may do none of them.
 */
export function runExpectations(compiled: CompiledApp, app: App): readonly Fault[] {
  const faults = collectFaults()
  for (const { effect, subject, object, text, at } of app.expect) {
    const ask = describeAsk(app, subject, object)
    if (ask.kind === 'unknown') {
      faults.add('manifest.unresolved_name', at, ask.message, ask.suggestion)
      continue
    }
    const decisions = ask.asks.map((asked) => decide(compiled.authority, [asked]))
    const allowed = decisions.find((decision) => decision.effect === 'allow')
    if ((allowed !== undefined) === (effect === 'allow')) continue
    if (allowed !== undefined) {
      const origin = compiled.origins.get(allowed.reasons[0]?.rule ?? '')
      faults.add(
        'expect.failed',
        at,
        `"${text}" is allowed${origin === undefined ? '' : ` by ${showPosition(origin)}`}.`,
        'take that line away, or move the example to allow',
      )
    } else {
      const denied = decisions[0] === undefined ? undefined : explain(decisions[0], compiled, app)
      const reason = denied?.reasons[0]
      faults.add(
        'expect.failed',
        at,
        `"${text}" is denied: ${reason?.message ?? 'there is nothing to ask'}.`.replace('..', '.'),
        reason?.fix ?? 'change the grant, or move the example to deny',
      )
    }
  }
  return faults.all()
}
