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

/** Whom the text of a subject names, with roles and factors: `support+mfa@FR`. A zone names all of its functions. */
export type SubjectDescription =
  | { readonly kind: 'subjects'; readonly subjects: readonly Asker[] }
  | { readonly kind: 'unknown'; readonly message: string; readonly suggestion?: string }

/** What may stand after a `+`, besides further roles. */
const factors = ['mfa', 'device', 'jit']

/**
 * `customer@US`, `admin+mfa+device+jit`, `payments`, a zone, `internet` or `anyone`.
 * MFA, a managed device and elevation hold only when written; a role comes from its first declared country
 * unless another is written. A function runs on behalf of some user without roles.
 */
export function describeSubject(app: App, text: string): SubjectDescription {
  const [, names = '', country] = /^([^@]*)(?:@([A-Z]{2}))?$/.exec(text.trim()) ?? []
  const [first = '', ...rest] = names.split('+').map((part) => part.trim())
  const plain = rest.length === 0 && country === undefined
  if (['internet', 'anyone', 'anonymous'].includes(first) && rest.length === 0) {
    return { kind: 'subjects', subjects: [stranger(country)] }
  }
  const one = app.functions.find((declared) => declared.name === first)
  if (one !== undefined && plain) return { kind: 'subjects', subjects: [functionAsker(one)] }
  if (app.zones.some((zone) => zone.name === first) && plain) {
    return {
      kind: 'subjects',
      subjects: app.functions.filter((declared) => declared.zone === first).map((declared) => functionAsker(declared)),
    }
  }
  const held = rolesOf(app, first)
  if (held === undefined) {
    return unknown(
      `There is no role, function or zone "${first}".`,
      first,
      [...app.people, ...app.functions, ...app.zones].map(({ name }) => name),
    )
  }
  for (const part of rest) {
    if (factors.includes(part) || app.people.some((role) => role.name === part)) continue
    return unknown(`"${part}" in "${text}" is not mfa, device, jit or a role.`, part, [
      ...factors,
      ...app.people.map(({ name }) => name),
    ])
  }
  const roles = [...held, ...app.people.filter((role) => rest.includes(role.name))]
  return {
    kind: 'subjects',
    subjects: [
      person(app, first, roles, {
        mfa: rest.includes('mfa'),
        device: rest.includes('device'),
        elevated: rest.includes('jit'),
        country: country ?? roles.flatMap((role) => role.countries)[0],
        label: text.trim(),
      }),
    ],
  }
}

/** A person of one role with everything in their favour: the most that the role can ever be allowed. */
export function bestOf(app: App, role: Role): Asker {
  return person(app, role.name, [role], {
    mfa: true,
    device: true,
    elevated: true,
    country: role.countries[0],
    label: role.name,
  })
}

/** A function, on behalf of a user without roles, or of one who holds every role and factor. */
export function functionAsker(one: FunctionDeclaration, userRoles: readonly string[] = []): Asker {
  const user: Subject = { kind: 'user', id: 'anonymous', name: exampleUser, roles: userRoles }
  return {
    subject: { kind: 'function', id: one.arn, name: one.name, roles: [], workload: { zone: one.zone, codeDigest: '' } },
    context: {
      ...fromZone(one.zone),
      [contextKeys.transactionUser]: exampleUser,
      [contextKeys.transactionRoles]: userRoles,
      [contextKeys.transactionElevatedRoles]: userRoles,
      [contextKeys.transactionMfa]: userRoles.length > 0,
    },
    user,
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

function unknown(message: string, written: string, known: readonly string[]): SubjectDescription {
  const suggestion = didYouMean(written, known)
  return { kind: 'unknown', message, ...(suggestion === undefined ? {} : { suggestion }) }
}
