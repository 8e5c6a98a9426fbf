import type { Decision, Reason } from '@sallyport/core/access'
import { SallyportError } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { type App, type CompiledApp, describeAsk, explain, targetsOf, whoCould } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { toStderr, unknownName, withApp, withGuests } from '../load-app.ts'
import { shortAction, shortResource, showGuests, showReason } from '../show-transaction.ts'
import { appFolder, type Paint, paintFor, type Terminal } from '../terminal.ts'

/** `can SUBJECT ACTION [RESOURCE]`: what the manifest as it stands would decide. Asks no server. */
export const can: Command<Terminal> = buildCommand<
  CommonFlags & { readonly who: boolean },
  [subject: string, action?: string, resource?: string],
  Terminal
>({
  docs: {
    brief: 'Tell whether somebody could do something under the manifest as it stands',
    fullDescription:
      'SUBJECT is a role, with what it proved (admin+mfa+device+jit, customer@US), a function, a function on ' +
      "somebody's behalf ('payments for admin+mfa+jit'), a zone or internet. " +
      'ACTION is what the manifest calls it: payments.charge, stripe.refund, orders-table.update(status), or a ' +
      'method followed by a path or an address. Guests are asked as well. Exits with 1 when any of what was asked is ' +
      'denied. With --who it takes ACTION [RESOURCE] and lists, by proof, everybody who could ever do it, with the ' +
      'least that has to be true; it then exits with 1 when nobody could.',
    customUsage: [
      { input: 'payments stripe.charge', brief: 'a door' },
      { input: 'customer POST /checkout', brief: 'a route' },
      { input: '--who payments.charge', brief: 'everybody who could ever' },
      { input: "payments 'orders-table.update(status)'", brief: 'columns of a table' },
    ],
  },
  parameters: {
    flags: {
      ...commonFlags,
      who: {
        kind: 'boolean',
        brief: 'List everybody who could ever: --who ACTION [RESOURCE]',
        default: false,
        withNegated: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Who', parse: String, placeholder: 'SUBJECT' },
        { brief: 'Does what', parse: String, placeholder: 'ACTION', optional: true },
        { brief: 'With what, where ACTION is a method', parse: String, placeholder: 'RESOURCE', optional: true },
      ],
    },
  },
  func: answering((terminal, flags, subject, action, resource) =>
    withApp(terminal, appFolder(terminal, flags.app), async ({ app, compiled }) => {
      if (flags.who) return whoAnswer(app, compiled, [subject, action, resource].filter(Boolean).join(' '))
      if (action === undefined) throw new SallyportError('cli.usage', 'name who, and what they would do')
      const object = resource === undefined ? action : `${action} ${resource}`
      const ask = describeAsk(app, subject, object)
      if (ask.kind === 'unknown') throw unknownName(ask)
      const asks = await withGuests(app, toStderr(terminal), (askGuests) => askGuests(ask.asks))
      const decisions = asks.map((asked) => explain(decide(compiled.authority, [asked]), compiled, app))
      if (decisions.length === 0)
        throw new SallyportError('cli.unknown_name', `${object} stands for nothing that could be asked for`)
      const allowed = decisions.every(({ effect }) => effect === 'allow')
      return {
        exit: allowed ? 'ok' : 'refused',
        json: { allowed, decisions: decisions.map(decisionFacts) },
        text: decisions.map((decision) => showDecision(decision, paintFor(terminal))).join('\n'),
      }
    }),
  ),
})

function whoAnswer(app: App, compiled: CompiledApp, object: string): Answer {
  const targets = targetsOf(app, object)
  if (targets === undefined) throw unknownName({ message: `There is nothing "${object}" in the manifest.` })
  const all = targets.flatMap((target) => whoCould(compiled, app, target))
  const lines = all.map(({ who, what, certain, facts, at }) => {
    const line = at === undefined ? '' : `  [${at.file}:${at.line}:${at.column}]`
    return `${certain ? '' : 'perhaps '}${who} -> ${what}${facts}${line}`
  })
  return {
    exit: all.length > 0 ? 'ok' : 'refused',
    json: { who: all },
    text: all.length > 0 ? lines.join('\n') : `nobody can ever reach ${object}`,
  }
}

/** What a program needs of a decision that was never recorded: no ids. */
function decisionFacts({ effect, asked, reasons }: Decision): {
  readonly effect: Decision['effect']
  readonly subject: string
  readonly asked: readonly { readonly action: string; readonly resource: string }[]
  readonly reasons: readonly Reason[]
} {
  const what = asked.map(({ action, resource }) => ({ action, resource }))
  return { effect, subject: asked[0].subject.name, asked: what, reasons }
}

function showDecision({ effect, asked, reasons }: Decision, paint: Paint): string {
  const [{ subject, action, resource, context }] = asked
  const verdict = effect === 'allow' ? paint.good('allow') : paint.bad('deny ')
  return [
    `${verdict} ${subject.name} -> ${shortAction(action)} ${shortResource(resource)}`,
    ...reasons.flatMap(showReason),
    ...showGuests(context),
  ].join('\n')
}
