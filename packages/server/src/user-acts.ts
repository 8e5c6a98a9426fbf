import type { UserActs } from './api/index.ts'
import { type Enrolments, isUserName, type UserStore } from './identity-provider/index.ts'

/** What the acts on users work on. */
export interface UserActsOptions {
  readonly users: UserStore
  readonly enrolments: Enrolments
  /** Ends everything that rests on a target; returns when that holds. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  /** True for a name that a program goes by. */
  readonly isTaken: (name: string) => boolean
}

const inviteSeconds = 24 * 3_600
const resetSeconds = 3_600

/** Out is out, first of all in the store: whoever signs in meanwhile is held against it. */
export function userActs({ users, enrolments, revoke, isTaken }: UserActsOptions): Omit<UserActs, 'app'> {
  return {
    users: () => {
      const here = users.names().flatMap((name) => {
        const user = users.find(name)
        if (user === undefined) return []
        const { roles, disabled = false, added = false, totpSecret, passkeys = [], recoveryCodes = [], devices } = user
        const factors = { hasPassword: user.passwordHash !== undefined, hasCode: totpSecret !== undefined }
        const ids = devices.map(({ id }) => id)
        const counts = { passkeys: passkeys.length, recoveryCodes: recoveryCodes.length }
        return [{ name, roles, disabled, added, invited: false, ...factors, ...counts, devices: ids }]
      })
      const nothing = { hasPassword: false, hasCode: false, passkeys: 0, recoveryCodes: 0, devices: [] }
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
    setRoles: async (name, roles, reason) => {
      const user = users.find(name)
      if (user === undefined) return
      users.put({ ...user, roles })
      await revoke(`user/${name}`, reason)
    },
  }
}
