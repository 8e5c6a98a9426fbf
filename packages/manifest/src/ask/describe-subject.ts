import { anonymous, arn, contextKeys, type Context, type Subject } from '@sallyport/core/access'

import type { App, FunctionDeclaration, Role } from '../app.ts'
import { didYouMean } from '../source/suggest.ts'
import { exampleUser, fromZone } from './facts.ts'

/** Somebody who asks, with the facts that are true of them. */
export interface Asker {
  readonly subject: Subject
  readonly context: Context
  /** The person on whose behalf a function runs. */
  readonly user?: Subject
  readonly label: string
}

/**
 * Whom the text of a subject names, with roles and factors: `support+mfa@FR`, or `payments for support+mfa`. A zone
 * names all of its functions.
 */
export type SubjectDescription = { readonly kind: 'subjects'; readonly subjects: readonly Asker[] } | Unknown

interface Unknown {
  readonly kind: 'unknown'
  readonly message: string
  readonly suggestion?: string
}

/** What may stand after a `+`, besides further roles; behind a function, only what its doors are told of a person. */
const factors = ['mfa', 'device', 'jit', 'stale']
const factorsBehind = ['mfa', 'jit']

/**
 * `customer@US`, `admin+mfa+device+jit`, `payments`, `payments for admin+mfa+jit`, a zone, `internet` or `anyone`.
 * MFA, a managed device and elevation hold only when written; they have just signed in, with whatever scope is asked
 * for, unless `stale` is written, which is long ago; signals are supposed to be fresh; a role comes from its first
 * declared country unless another is written. A function runs on behalf of some user without roles unless one is
 * written.
 */
export function describeSubject(app: App, text: string): SubjectDescription {
  const [, caller, behind] = /^(\S+) for (\S+)$/.exec(text.trim()) ?? []
  if (caller !== undefined && behind !== undefined) return describeCaller(app, caller, behind)
  const [, names = '', country] = /^([^@]*)(?:@([A-Z]{2}))?$/.exec(text.trim()) ?? []
  const [first = '', ...rest] = names.split('+').map((part) => part.trim())
  if (['internet', 'anyone', 'anonymous'].includes(first) && rest.length === 0) {
    return { kind: 'subjects', subjects: [stranger(country)] }
  }
  const functions = rest.length === 0 && country === undefined ? functionsNamed(app, first) : undefined
  if (functions !== undefined) return { kind: 'subjects', subjects: functions.map((one) => functionAsker(one)) }
  const held = heldRoles(app, first, rest, factors)
  if ('kind' in held) return held
  return {
    kind: 'subjects',
    subjects: [
      person(app, first, held.roles, {
        mfa: rest.includes('mfa'),
        device: rest.includes('device'),
        elevated: rest.includes('jit'),
        isStale: rest.includes('stale'),
        country: country ?? held.roles.flatMap((role) => role.countries)[0],
        label: text.trim(),
      }),
    ],
  }
}

/** `payments for admin+mfa+jit`: a function, or each of a zone, on behalf of such a person. */
function describeCaller(app: App, caller: string, behind: string): SubjectDescription {
  const functions = functionsNamed(app, caller)
  if (functions === undefined) {
    const known = [...app.functions, ...app.zones].map(({ name }) => name)
    return unknown(`There is no function or zone "${caller}".`, caller, known)
  }
  const [first = '', ...rest] = behind.split('+')
  // An example must not seem to show what it cannot: no door is told of these, so no grant can ask for them.
  if (behind.includes('@') || rest.includes('device')) {
    const why = `a person's country and device are judged where they come in; behind ${caller} stand roles, mfa and jit`
    return { kind: 'unknown', message: `"${behind}": ${why}.` }
  }
  const held = heldRoles(app, first, rest, factorsBehind)
  if ('kind' in held) return held
  const roles = held.roles.map(({ name }) => name)
  const user = { roles, mfa: rest.includes('mfa'), elevated: rest.includes('jit') }
  return { kind: 'subjects', subjects: functions.map((one) => functionAsker(one, user)) }
}

/** A function by its name, or those of a zone. */
function functionsNamed(app: App, name: string): readonly FunctionDeclaration[] | undefined {
  const one = app.functions.find((declared) => declared.name === name)
  if (one !== undefined) return [one]
  const isZone = app.zones.some((zone) => zone.name === name)
  return isZone ? app.functions.filter((declared) => declared.zone === name) : undefined
}

/** The roles of `first`, a role or a user, and those among what is added to it. */
function heldRoles(
  app: App,
  first: string,
  rest: readonly string[],
  known: readonly string[],
): { readonly roles: readonly Role[] } | Unknown {
  const held = rolesOf(app, first)
  if (held === undefined) {
    return unknown(
      `There is no role, function or zone "${first}".`,
      first,
      [...app.people, ...app.functions, ...app.zones].map(({ name }) => name),
    )
  }
  const names = app.people.map(({ name }) => name)
  for (const part of rest) {
    if (known.includes(part) || names.includes(part)) continue
    return unknown(`"${part}" is not ${known.join(', ')} or a role.`, part, [...known, ...names])
  }
  return { roles: [...held, ...app.people.filter((role) => rest.includes(role.name))] }
}

/** What is true of the person on whose behalf a function runs. */
export interface PersonBehind {
  readonly roles: readonly string[]
  readonly mfa: boolean
  /** Whether every role is elevated. */
  readonly elevated: boolean
}

/** A function, on behalf of a user without roles unless told of one. */
export function functionAsker(
  one: FunctionDeclaration,
  { roles, mfa, elevated }: PersonBehind = { roles: [], mfa: false, elevated: false },
): Asker {
  return {
    subject: { kind: 'function', id: one.arn, name: one.name, roles: [], workload: { zone: one.zone, codeDigest: '' } },
    context: {
      ...fromZone(one.zone),
      [contextKeys.transactionUser]: exampleUser,
      [contextKeys.transactionRoles]: roles,
      [contextKeys.transactionElevatedRoles]: elevated ? roles : [],
      [contextKeys.transactionMfa]: mfa,
    },
    user: { kind: 'user', id: 'anonymous', name: exampleUser, roles },
    label: one.name,
  }
}

/** Nobody in particular, from the internet. */
export function stranger(country?: string): Asker {
  return {
    subject: anonymous,
    context: {
      ...fromZone('internet'),
      [contextKeys.roles]: [],
      [contextKeys.elevatedRoles]: [],
      [contextKeys.mfa]: false,
      [contextKeys.deviceManaged]: false,
      ...(country === undefined ? {} : { [contextKeys.country]: country }),
    },
    label: 'anyone',
  }
}

function person(
  app: App,
  name: string,
  roles: readonly Role[],
  facts: {
    readonly mfa: boolean
    readonly device: boolean
    readonly elevated: boolean
    readonly isStale: boolean
    readonly country: string | undefined
    readonly label: string
  },
): Asker {
  const names = roles.map((role) => role.name)
  return {
    subject: { kind: 'user', id: arn.user(app.name, name), name, roles: names },
    context: {
      ...fromZone('internet'),
      [contextKeys.roles]: names,
      [contextKeys.elevatedRoles]: facts.elevated ? names : [],
      [contextKeys.mfa]: facts.mfa,
      [contextKeys.deviceManaged]: facts.device,
      [contextKeys.signalsFresh]: true,
      ...signInOf(app, facts.isStale),
      ...(facts.country === undefined ? {} : { [contextKeys.country]: facts.country }),
    },
    label: facts.label,
  }
}

/** A role by its name, or the roles of a user whom the embedded issuer knows. */
function rolesOf(app: App, name: string): readonly Role[] | undefined {
  const role = app.people.find((one) => one.name === name)
  if (role !== undefined) return [role]
  const users = app.issuers.flatMap((issuer) => (issuer.kind === 'embedded' ? issuer.users : []))
  const user = users.find((one) => one.name === name)
  return user === undefined ? undefined : app.people.filter((one) => user.roles.includes(one.name))
}

function unknown(message: string, written: string, known: readonly string[]): Unknown {
  const suggestion = didYouMean(written, known)
  return { kind: 'unknown', message, ...(suggestion === undefined ? {} : { suggestion }) }
}

const longAgoSeconds = 365 * 86_400

/** Nothing where no route asks: what is not asked for would only stand in everybody's way to read a decision. */
function signInOf(app: App, isStale: boolean): Context {
  const demands = [
    ...app.functions.flatMap(({ routes }) => routes.map(({ assurance }) => assurance)),
    ...Object.values(app.administrationDemands ?? {}),
  ]
  const scopes = [...new Set(demands.flatMap((one) => one?.scopes ?? []))]
  const asksForAge = demands.some((one) => one?.maxAgeSeconds !== undefined)
  return {
    ...(asksForAge ? { [contextKeys.authenticationAge]: isStale ? longAgoSeconds : 0 } : {}),
    ...(scopes.length === 0 ? {} : { [contextKeys.scopes]: scopes }),
  }
}
