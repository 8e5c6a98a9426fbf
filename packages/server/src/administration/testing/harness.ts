import {
  type AccessRequest,
  type Allow,
  contextKeys,
  type LedgerRecord,
  type Receipt,
  sealReceipt,
  type Subject,
} from '@sallyport/core/access'

import { type Administration, type AdministrationOptions, openAdministration } from '../administration.ts'
import type { ElevationRule } from '../elevate.ts'

/** One hour, in milliseconds. */
export const hour = 3_600_000

/** The world around administration, all of it in a test's hands. */
export interface World {
  wallMs: number
  monotonicMs: number
  bootId: string
  ledger: LedgerRecord[]
  powers: string
  broken: boolean
  rule: ElevationRule | undefined
  /** `ACCOUNT ROLE` of those who lost it. */
  lost: Set<string>
  /** Groups of accounts that are one person's. */
  persons: readonly (readonly string[])[]
  announced: string[]
  pass(ms: number): void
  open(options?: Partial<AdministrationOptions>): Administration
  user(name: string, roles: readonly string[], expiresInMs?: number): Subject
}

/** Tests only. The role `admin` is elevated for an hour, by one other admin. */
export function makeWorld(): World {
  let lastId = 0
  const world: World = {
    wallMs: 1_000_000_000_000,
    monotonicMs: 5_000,
    bootId: 'first',
    ledger: [],
    powers: 'refunds',
    broken: false,
    rule: { maxMs: hour, approvers: ['admin'], approvals: 1, requestMs: 24 * hour, approvalMs: hour },
    lost: new Set(),
    persons: [],
    announced: [],
    pass(ms) {
      world.wallMs += ms
      world.monotonicMs += ms
    },
    open: (options = {}) =>
      openAdministration({
        append: (record) => {
          if (world.broken) return Promise.reject(new Error('the disk is full'))
          world.ledger.push(record)
          return Promise.resolve()
        },
        ruleOf: (role) => (role === 'admin' ? world.rule : undefined),
        powersOf: () => world.powers,
        samePerson: (one, other) =>
          one === other || world.persons.some((person) => person.includes(one) && person.includes(other)),
        mayHold: (account, role) => !world.lost.has(`${account} ${role}`),
        clock: { nowMs: () => world.wallMs, monotonicMs: () => world.monotonicMs, bootId: world.bootId },
        newId: () => `id-${(lastId += 1)}`,
        past: [...world.ledger],
        grantLifetimeMs: 60_000,
        announce: ({ id }) => void world.announced.push(id),
        ...options,
      }),
    user: (name, roles, expiresInMs = hour) => ({
      kind: 'user',
      id: `arn:sallyport:identity:test::user/${name}`,
      name,
      roles,
      sessionId: `session-of-${name}`,
      authentication: {
        methods: ['pwd', 'otp'],
        mfa: true,
        authenticatedAtSeconds: world.wallMs / 1000,
        expiresAtSeconds: (world.wallMs + expiresInMs) / 1000,
      },
    }),
  }
  return world
}

/** A decision that lets this person call a route, on the strength of these elevated roles. */
export function allow(subject: Subject, elevated: readonly string[] = [], id = 'd1'): Allow {
  const asked: AccessRequest = {
    id,
    transaction: 't1',
    subject,
    action: 'sallyport:CallRoute',
    resource: 'arn:sallyport:route:test:public:f/GET /',
    context: { [contextKeys.elevatedRoles]: elevated },
    actors: [],
    user: subject,
  }
  return { effect: 'allow', id, asked: [asked], reasons: [] }
}

/** As the ledger gives it. */
export const receipt = (decision: string): Receipt => sealReceipt({ decision, leafIndex: 0n, durability: 'written' })
