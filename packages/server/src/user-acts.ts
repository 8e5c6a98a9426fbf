import type { EnrolmentRecord } from '@sallyport/core/access'
import type { Upstream } from '@sallyport/manifest'

import type { LinkView, UserActs } from './api/index.ts'
import {
  type Enrolments,
  findLinked,
  isSubject,
  isUserName,
  type UpstreamAccount,
  type User,
  type UserStore,
} from './identity-provider/index.ts'

/** What the acts on users work on. */
export interface UserActsOptions {
  readonly users: UserStore
  readonly enrolments: Enrolments
  /** Ends everything that rests on a target; returns when that holds. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  /** True for a name that a program goes by. */
  readonly isTaken: (name: string) => boolean
  /** Those of the manifest in force. */
  readonly upstreams: () => readonly Pick<Upstream, 'name' | 'issuer'>[]
  /** Resolves when it is in the ledger; what cannot be recorded does not happen. */
  readonly record: (record: Omit<EnrolmentRecord, 'kind' | 'at'>) => Promise<void>
}

const inviteSeconds = 24 * 3_600
const resetSeconds = 3_600

/** Out is out, first of all in the store: whoever signs in meanwhile is held against it. */
export function userActs(options: UserActsOptions): Omit<UserActs, 'app'> {
  const { users, enrolments, revoke, isTaken, upstreams, record } = options
  const shown = ({ links = [] }: User): readonly LinkView[] =>
    links.map(({ issuer, subject }) => {
      const declared = upstreams().find((one) => one.issuer === issuer)
      return { upstream: declared?.name ?? issuer, subject }
    })
  const accountAt = (upstream: string, subject: string): UpstreamAccount | undefined => {
    const issuer = upstreams().find(({ name }) => name === upstream)?.issuer
    return issuer === undefined ? undefined : { issuer, subject }
  }
  return {
    users: () => {
      const here = users.names().flatMap((name) => {
        const user = users.find(name)
        if (user === undefined) return []
        const { roles, disabled = false, added = false, totpSecret, passkeys = [], recoveryCodes = [], devices } = user
        const factors = { hasPassword: user.passwordHash !== undefined, hasCode: totpSecret !== undefined }
        const ids = devices.map(({ id }) => id)
        const counts = { passkeys: passkeys.length, recoveryCodes: recoveryCodes.length }
        const rest = { devices: ids, links: shown(user) }
        return [{ name, roles, disabled, added, invited: false, ...factors, ...counts, ...rest }]
      })
      const nothing = { hasPassword: false, hasCode: false, passkeys: 0, recoveryCodes: 0, devices: [], links: [] }
      const invited = enrolments
        .invited()
        .map((one) => ({ ...one, disabled: false, added: true, invited: true, ...nothing }))
      return [...here, ...invited]
    },
    mayBeAdded: (name) => isUserName(name) && !isTaken(name) && users.find(name) === undefined,
    setDisabled: async (name, disabled, reason) => {
      if (disabled) enrolments.close(name)
      const user = users.find(name)
      if (user === undefined) return
      users.put({ ...user, disabled })
      if (disabled) await revoke(`user/${name}`, reason)
    },
    add: (name, roles, by) =>
      enrolments.open({
        purpose: 'new-user',
        user: name,
        roles,
        sets: ['password', 'factor'],
        by,
        lifetimeSeconds: inviteSeconds,
      }),
    reset: async (name, sets, by, reason) => {
      const user = users.find(name)
      if (user === undefined) return undefined
      const { passwordHash, totpSecret, passkeys = [], recoveryCodes = [], ...rest } = user
      const keptPassword = sets.includes('password') || passwordHash === undefined ? {} : { passwordHash }
      const keptCode = totpSecret === undefined ? {} : { totpSecret }
      const keptFactor = sets.includes('factor') ? {} : { passkeys, recoveryCodes, ...keptCode }
      users.put({ ...rest, ...keptPassword, ...keptFactor })
      await revoke(`user/${name}`, reason)
      return enrolments.open({
        purpose: 'reset',
        user: name,
        roles: user.roles,
        sets,
        by,
        lifetimeSeconds: resetSeconds,
      })
    },
    enrolDevice: (name, device) => {
      const user = users.find(name)
      if (user === undefined) return
      users.put({ ...user, devices: [...user.devices.filter(({ id }) => id !== device.id), device] })
    },
    removeDevice: async (name, id, reason) => {
      const user = users.find(name)
      if (user === undefined) return
      users.put({ ...user, devices: user.devices.filter((one) => one.id !== id) })
      await revoke(`user/${name}`, reason)
    },
    linkFault: (upstream, subject) => {
      const account = accountAt(upstream, subject)
      if (account === undefined) return 'user.upstream'
      if (!isSubject(subject)) return 'user.subject'
      return findLinked(users, account) === undefined ? undefined : 'user.linked'
    },
    link: async (name, { upstream, subject }, by) => {
      const account = accountAt(upstream, subject)
      const roles = users.find(name)?.roles ?? []
      await record({ event: 'enrolled', purpose: 'link', user: name, roles, sets: [`${upstream}:${subject}`], by })
      // Read anew: while it was recorded, somebody else may have been linked, or the user be gone.
      const user = users.find(name)
      if (user === undefined || account === undefined || findLinked(users, account) !== undefined) return
      users.put({ ...user, links: [...(user.links ?? []), account] })
    },
    unlink: async (name, { upstream, subject }, by, reason) => {
      const user = users.find(name)
      if (user === undefined) return
      const links = (user.links ?? []).filter((_, at) => {
        const one = shown(user)[at]
        return one?.upstream !== upstream || one.subject !== subject
      })
      users.put({ ...user, links })
      await revoke(`user/${name}`, reason)
      const { roles } = user
      await record({ event: 'enrolled', purpose: 'unlink', user: name, roles, sets: [`${upstream}:${subject}`], by })
    },
    setRoles: async (name, roles, reason) => {
      const user = users.find(name)
      if (user === undefined) return
      users.put({ ...user, roles })
      await revoke(`user/${name}`, reason)
    },
  }
}
