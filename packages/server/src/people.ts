import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { arn, type EnrolmentRecord } from '@sallyport/core/access'
import type { App, Upstream } from '@sallyport/manifest'

import type { UserActs } from './api/index.ts'
import { type Leaf, openAuthority } from './certificates/index.ts'
import { type FirstAdministrator, inviteFirstAdministrator } from './first-administrator.ts'
import {
  createUserStore,
  endedByChange,
  type IdentityProvider,
  type ProviderClient,
  provisionUsers,
  startIdentityProvider,
} from './identity-provider/index.ts'
import type { KeptState } from './kept-state.ts'
import { audienceOf, type LinkedUser } from './app/index.ts'
import {
  type Folders,
  guardedFetch,
  nowMs,
  nowSeconds,
  readOwnObject,
  renewLeaf,
  writePrivate,
} from './operation/index.ts'
import { explainListenFailure, type ServerOptions, startCommand } from './start/index.ts'
import { userActs } from './user-acts.ts'

/** Where people sign in, and what they must trust. */
export interface People {
  readonly provider: IdentityProvider
  /** The certificate of the gateway and the provider, as it is when they start. */
  readonly leaf: Leaf
  /** Another one, fresh, where the first is due. */
  readonly anotherLeaf: () => Promise<Leaf>
  readonly caFile: string
  /** The first administrator, where there is none: a link, or what to do about it in words. */
  readonly firstAdministrator: (app: App, isPresent: boolean) => Promise<FirstAdministrator>
  /** What administrators may do to the users. */
  readonly acts: Omit<UserActs, 'app'>
  /** False for a user of our own who is not there, or holds the role no more; of others nobody here can tell. */
  readonly mayHold: (app: App, account: string, role: string) => boolean
  /** Who is linked to accounts outside. */
  readonly linked: () => readonly LinkedUser[]
  /** Makes the users the manifest's own: after a reload as well. */
  readonly provision: (app: App) => Promise<void>
}

/** Starts the embedded provider, with the users that the manifest names. */
export async function openPeople(
  app: App,
  folders: Folders,
  { administration, ledger, store, vault }: KeptState,
  options: ServerOptions,
  started: (() => Promise<void> | void)[],
): Promise<People> {
  const port = options.issuerPort
  const permittedNames = ['localhost', '127.0.0.1']
  const authority = await openAuthority({ kind: 'gateway', app: app.name, permittedNames, keeper: vault, nowMs })
  const caFile = join(folders.certificates, 'gateway-ca.pem')
  writePrivate(caFile, authority.caPem)
  const leaf = await authority.leafFor(permittedNames)
  const users = createUserStore(store)
  let clients: readonly ProviderClient[] = []
  let scopes: readonly string[] = []
  let upstreams: readonly Upstream[] = []
  const provision = async (of: App): Promise<void> => {
    const { name, issuers } = of
    scopes = scopesOf(of)
    const embedded = issuers.find((issuer) => issuer.kind === 'embedded')
    clients = embedded?.clients ?? []
    const before = upstreams
    upstreams = embedded?.upstreams ?? []
    const wanted = Object.fromEntries((embedded?.users ?? []).map((user) => [user.name, user.roles]))
    const { made, changed } = await provisionUsers(users, wanted, { random: randomBytes, app: name })
    const known: { readonly users?: object } = readOwnObject(folders.signIn) ?? {}
    const kept = Object.entries({ ...known.users, ...made }).filter(([user]) => Object.hasOwn(wanted, user))
    writePrivate(folders.signIn, `${JSON.stringify({ users: Object.fromEntries(kept) }, null, 2)}\n`)
    for (const user of changed) await administration.revoke(`user/${user}`, 'its roles changed by the manifest')
    for (const user of endedByChange(users, before, upstreams)) {
      await administration.revoke(`user/${user}`, 'an upstream of theirs changed by the manifest')
    }
  }
  await provision(app)
  const record = async (one: Omit<EnrolmentRecord, 'kind' | 'at'>): Promise<void> =>
    void (await ledger.append({ kind: 'enrolment', at: nowMs(), ...one }, 'synced'))
  const provider = await startIdentityProvider({
    issuerUrl: `https://localhost:${port}`,
    tls: leaf,
    host: '127.0.0.1',
    port,
    users,
    sealedStore: store,
    nowSeconds,
    random: randomBytes,
    audience: audienceOf(app),
    app: app.name,
    clients: () => clients,
    scopes: () => scopes,
    endSession: (sessionId, reason) => administration.revoke(`session/${sessionId}`, reason),
    endAllOf: (user, reason) => administration.revoke(`user/${user}`, reason),
    recordEnrolment: record,
    upstreams: {
      declared: () => upstreams,
      useSecret: vault.useSecret,
      fetch: guardedFetch({ loopback: options.mode === 'dev' }),
    },
    report: async ({ message: _forTheOperatorsEyes, ...facts }) => {
      await ledger.append({ kind: 'sign-in', at: nowMs(), ...facts }, 'written')
    },
  }).catch((cause: unknown) => {
    throw explainListenFailure(cause, port, (issuerPort) => startCommand(options, { issuerPort }))
  })
  started.push(() => provider.close())
  const mayHold = (of: App, accountArn: string, role: string): boolean => {
    const prefix = arn.user(of.name, '')
    const name = accountArn.slice(prefix.length)
    if (!accountArn.startsWith(prefix) || name.includes(':')) return true
    const user = users.find(name)
    return user !== undefined && user.disabled !== true && user.roles.includes(role)
  }
  const linked = (): readonly LinkedUser[] =>
    users.names().flatMap((name) => {
      const { links = [] } = users.find(name) ?? {}
      return links.length === 0 ? [] : [{ name, links }]
    })
  const isTaken = (name: string): boolean => clients.some((client) => client.name === name)
  const { enrolments } = provider
  const { revoke } = administration
  const acts = userActs({ users, enrolments, revoke, isTaken, upstreams: () => upstreams, record })
  const firstAdministrator = (of: App, isPresent: boolean): Promise<FirstAdministrator> =>
    inviteFirstAdministrator(of, users, enrolments, isPresent)
  const anotherLeaf = (): Promise<Leaf> => authority.leafFor(permittedNames)
  return { provider, acts, leaf, anotherLeaf, caFile, mayHold, linked, provision, firstAdministrator }
}

/** Every scope that something demands. */
function scopesOf({ functions, administrationDemands = {} }: App): readonly string[] {
  const demands = [
    ...functions.flatMap(({ routes }) => routes.map(({ assurance }) => assurance)),
    ...Object.values(administrationDemands),
  ]
  return [...new Set(demands.flatMap((one) => one?.scopes ?? []))]
}

/** How often the gateway's certificate is looked at; it lives a day and is replaced after half of it. */
const lookAtLeafEveryMs = 60_000

/** Replaces the certificate of provider and gateway, unless that has its own; gives back what ends the looking. */
export function keepLeafFresh(
  { leaf, provider, anotherLeaf }: People,
  gateway: { readonly setCertificate: (leaf: Leaf) => void } | undefined,
  trouble: (cause: unknown) => void,
): () => void {
  const use = (next: Leaf): void => {
    gateway?.setCertificate(next)
    provider.setCertificate(next)
  }
  const renew = renewLeaf(leaf, { nowMs, another: anotherLeaf, use })
  const look = setInterval(() => void renew().catch(trouble), lookAtLeafEveryMs).unref()
  return () => clearInterval(look)
}
