import { randomBytes } from 'node:crypto'

import type { EnrolmentRecord, Secret } from '@sallyport/core/access'

import { openAuthority } from '../../certificates/index.ts'
import {
  createDevelopmentUsers,
  createUserStore,
  type DevelopmentSignIn,
  type IdentityProvider,
  type ProviderClient,
  type SealedStore,
  type SignInEvent,
  startIdentityProvider,
  type UserStore,
} from '../index.ts'
import type { UpstreamOptions } from '../upstream/upstreams.ts'
import { createMemoryStore } from './memory-store.ts'

/** A provider on a free port with its own certificate, and how to sign in there. */
export interface TestProvider extends IdentityProvider {
  readonly caPem: string
  /** The certificate of the server itself. */
  readonly leafPem: string
  readonly audience: string
  readonly users: UserStore
  readonly store: SealedStore
  readonly signIn: Readonly<Record<string, DevelopmentSignIn>>
  readonly events: readonly SignInEvent[]
  /** Sessions, and `user/NAME`, that were ended, in order. */
  readonly ended: readonly string[]
  readonly enrolled: readonly Omit<EnrolmentRecord, 'kind' | 'at'>[]
}

/** None, and nobody is asked. Tests only. */
export const noUpstreams: UpstreamOptions = {
  declared: () => [],
  useSecret: () => undefined,
  fetch: () => Promise.reject(new Error('nobody is asked')),
}

const roles = { alice: ['customer'], bob: ['customer'], sam: ['support'], ada: ['admin'], eve: [] }

/** Tests only. `nowSeconds` is the provider's own time; the library underneath and clients keep the real one. */
export async function startTestProvider(
  options: {
    readonly nowSeconds?: () => number
    readonly store?: SealedStore
    /** The host name in the issuer's address. */
    readonly name?: 'localhost' | '127.0.0.1'
    readonly report?: (event: SignInEvent) => void
    readonly recordEnrolment?: () => void
    readonly clients?: () => readonly ProviderClient[]
    readonly upstreams?: UpstreamOptions
  } = {},
): Promise<TestProvider> {
  const { nowSeconds = () => Math.floor(Date.now() / 1_000) } = options
  const store = options.store ?? createMemoryStore(nowSeconds)
  const users = createUserStore(store)
  const made = await createDevelopmentUsers(roles, { random: randomBytes, app: 'checkout' })
  for (const user of made.users) users.put(user)
  const events: SignInEvent[] = []
  const ended: string[] = []
  const enrolled: TestProvider['enrolled'][number][] = []
  const kept = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'checkout',
    permittedNames: ['localhost', '127.0.0.1'],
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
    nowMs: Date.now,
  })
  const leaf = await authority.leafFor(['localhost', '127.0.0.1'])
  const audience = 'urn:sallyport:checkout'
  const provider = await startIdentityProvider({
    issuerUrl: `https://${options.name ?? '127.0.0.1'}:0`,
    tls: leaf,
    host: '127.0.0.1',
    port: 0,
    users,
    sealedStore: store,
    nowSeconds,
    random: randomBytes,
    audience,
    app: 'checkout',
    clients: options.clients ?? (() => []),
    scopes: () => ['refund'],
    upstreams: options.upstreams ?? noUpstreams,
    endSession: async (sessionId) => void ended.push(sessionId),
    endAllOf: async (user) => void ended.push(`user/${user}`),
    recordEnrolment: async (record) => {
      options.recordEnrolment?.()
      enrolled.push(record)
    },
    report: (event) => {
      events.push(event)
      options.report?.(event)
    },
  })
  return {
    ...provider,
    caPem: authority.caPem,
    leafPem: leaf.cert,
    audience,
    users,
    store,
    signIn: made.signIn.users,
    events,
    ended,
    enrolled,
  }
}
