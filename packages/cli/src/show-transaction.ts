import {
  type AskedRecord,
  type Context,
  contextKeys,
  type DecisionRecord,
  type NameRecord,
  type Reason,
} from '@sallyport/core/access'

import { oneLine } from './printable.ts'
import type { Paint } from './terminal.ts'
import type { Hop, Transaction } from './transaction.ts'

/** `arn:sallyport:door:checkout::stripe/charge` → `stripe/charge`; an AWS ARN keeps its service's part. */
export function shortResource(resource: string): string {
  const [scheme, , , , , ...path] = resource.split(':')
  if (scheme !== 'arn') return oneLine(resource)
  // What no door answers stands after `?/` in the place of a door's name.
  return oneLine(path.join(':').replace(/^\?\//, ''))
}

/** `sallyport:UseDoor` → `UseDoor`; AWS's actions keep their service. */
export function shortAction(action: string): string {
  return action.replace(/^sallyport:/, '')
}

/** The transaction as a person reads it: hop under hop, each with its verdict, rule, fix and outcome. */
export function showTransaction({ id, hops }: Transaction, asked: string | undefined, paint: Paint): string {
  const first = hops[0]?.decision
  const at = first === undefined ? '' : `  ${new Date(first.at).toISOString()}`
  const lines = [`${paint.strong('transaction')} ${id}${at}`]
  const show = (hop: Hop, depth: number): void => {
    lines.push(...showHop(hop, asked, paint).map((line) => '  '.repeat(depth) + line))
    for (const caused of hop.caused) show(caused, depth + 1)
  }
  for (const hop of hops) show(hop, 0)
  return lines.join('\n')
}

function showHop({ decision, outcome, names = [] }: Hop, asked: string | undefined, paint: Paint): string[] {
  const { effect, id, door, layer, user, advisoryPackage, upstream } = decision
  const subjectName = oneLine(decision.subjectName)
  const verdict = effect === 'allow' ? paint.good('allow') : paint.bad('deny ')
  const mark = id === asked ? paint.strong('>') : ' '
  const onBehalf =
    user === undefined || user === decision.subject ? '' : ` for ${shortResource(user).replace(/^user\//, '')}`
  const [first, ...more] = decision.asked
  const what = (one: DecisionRecord['asked'][number]): string =>
    `${shortAction(one.action)} ${shortResource(one.resource)}`
  return [
    `${mark} ${verdict} ${subjectName}${onBehalf} -> ${first === undefined ? '(nothing)' : what(first)}` +
      `  ${paint.faint(`${door}${layer === undefined ? '' : `, ${layer}`}  ${id}`)}`,
    ...more.map((one) => `          and ${what(one)}`),
    ...decision.reasons.flatMap((reason) => showReason(reason)),
    ...new Set(decision.asked.flatMap((one) => showGuests(factsOf(decision, one)))),
    ...(advisoryPackage === undefined
      ? []
      : [`    asked by the npm package ${advisoryPackage} (advisory: read from a stack)`]),
    ...(upstream === undefined ? [] : [`    upstream ${upstream.host}, ${upstream.tls}`]),
    ...(effect === 'deny' ? [] : [`    outcome ${showOutcome(outcome)}`]),
    ...(first !== undefined && outcome?.detail?.startsWith('function.') === true
      ? [`    what it wrote: sallyport logs ${shortResource(first.resource).split('/', 1)[0]}`]
      : []),
    ...names.map((name) => `    ${showName(name)}`),
  ]
}

/** A reason, with its rule and its place, and the fix on a line of its own. A reason may quote what a caller sent. */
export function showReason({ code, message, rule, at, fix }: Reason): string[] {
  const where = [rule, at].filter((part) => part !== undefined).join(' at ')
  return [
    `    ${code}: ${oneLine(message)}${where === '' ? '' : ` [${where}]`}`,
    ...(fix === undefined ? [] : [`    fix: ${oneLine(fix)}`]),
  ]
}

/** The facts of one request of a batch. */
function factsOf({ context }: DecisionRecord, { facts = {} }: AskedRecord): Context {
  const own = Object.entries(facts).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]))
  const kept = Object.entries(context).filter(([key]) => !Object.hasOwn(facts, key))
  return Object.fromEntries([...kept, ...own])
}

/** What each guest said, or why it said nothing, one line each. */
export function showGuests(context: Context): string[] {
  const start = `${contextKeys.guestLatencyMs}/`
  const names = Object.keys(context).flatMap((key) => (key.startsWith(start) ? [key.slice(start.length)] : []))
  return names.map((name) => {
    const of = (key: string): string | undefined => context[`${key}/${name}`]?.toString()
    const said = of(contextKeys.guest) ?? `no verdict, ${of(contextKeys.guestFault) ?? ''}`
    const detail = of(contextKeys.guestDetail)
    const because = detail === undefined ? '' : `: ${detail}`
    return `    guest ${name}: ${said}${because} (${of(contextKeys.guestLatencyMs)} ms)`
  })
}

/** `name evil.example (A, AAAA) -> dns.unlisted, 4 times`. Adversary: a name is what a box sent; it is letters here. */
function showName({ name, types, answer, count }: NameRecord): string {
  return `name ${name} (${types.join(', ')}) -> ${answer}${count === 1 ? '' : `, ${count} times`}`
}

function showOutcome(outcome: Hop['outcome']): string {
  if (outcome === undefined) return 'not recorded (yet)'
  const { outcome: word, status, durationMs, detail, tls } = outcome
  return [
    word,
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(durationMs === undefined ? [] : [`${Math.round(durationMs)} ms`]),
    ...(tls === undefined ? [] : [tls]),
    ...(detail === undefined ? [] : [oneLine(detail)]),
  ].join(', ')
}
