import { createHash } from 'node:crypto'

import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'

import type { SealedStore } from '../ports.ts'

/** What the library's records are kept with. */
export interface AdapterOptions {
  readonly store: SealedStore
  readonly nowSeconds: () => number
  /** A client as the manifest declares it. */
  readonly findClient: (id: string) => AdapterPayload | undefined
  /** A grant was ended, by logout or because something of it was used twice: its access tokens must end as well. */
  readonly grantEnded: (grantId: string) => Promise<void>
}

/**
 * Keeps oidc-provider's records (sessions, interactions, codes, grants, refresh tokens) in the sealed store.
 * Ids of sessions and codes are bearer secrets, so they are stored hashed. The store is synchronous, and each
 * method does its work before its first `await`: a code is consumed once, however many requests bring it.
 * Clients are declared and never stored: registration stays closed whatever is found here.
 */
export function createAdapterFactory(options: AdapterOptions): AdapterFactory {
  return (model) => (model === 'Client' ? clients(options) : createAdapter(options, model))
}

function clients({ findClient }: AdapterOptions): Adapter {
  const closed = async (): Promise<never> => {
    throw new errors.InvalidRequest('registration is closed')
  }
  return {
    find: async (id) => findClient(id),
    upsert: closed,
    consume: closed,
    destroy: closed,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    revokeByGrantId: closed,
  }
}

function createAdapter({ store, nowSeconds, grantEnded }: AdapterOptions, model: string): Adapter {
  const kind = `oidc-${model}`
  const uidKind = 'oidc-session-uid'
  const userCodeKind = 'oidc-user-code'
  const grantKind = 'oidc-grant-members'

  const find = (id: string): AdapterPayload | undefined => read(store.get(kind, hashed(id)))

  function put(id: string, payload: AdapterPayload, expiresIn: number | undefined): void {
    const until = expiresIn === undefined ? undefined : nowSeconds() + expiresIn
    store.put(kind, hashed(id), JSON.stringify(payload), until)
    if (model === 'Session' && payload.uid !== undefined) store.put(uidKind, hashed(payload.uid), id, until)
    if (payload.userCode !== undefined) store.put(userCodeKind, hashed(payload.userCode), id, until)
    if (payload.grantId !== undefined && model !== 'Interaction') {
      const members = new Set<string>(JSON.parse(store.get(grantKind, hashed(payload.grantId)) ?? '[]'))
      members.add(JSON.stringify([kind, hashed(id)]))
      store.put(grantKind, hashed(payload.grantId), JSON.stringify([...members]), nowSeconds() + grantMemorySeconds)
    }
  }

  function forget(grantId: string): void {
    const members: string[] = JSON.parse(store.get(grantKind, hashed(grantId)) ?? '[]')
    for (const member of members) {
      const [memberKind, memberId]: [string, string] = JSON.parse(member)
      store.delete(memberKind, memberId)
    }
    store.delete(grantKind, hashed(grantId))
  }

  return {
    async upsert(id, payload, expiresIn) {
      put(id, payload, expiresIn)
    },
    async find(id) {
      return find(id)
    },
    async findByUid(uid) {
      const id = store.get(uidKind, hashed(uid))
      return id === undefined ? undefined : find(id)
    },
    async findByUserCode(userCode) {
      const id = store.get(userCodeKind, hashed(userCode))
      return id === undefined ? undefined : find(id)
    },
    async consume(id) {
      const payload = find(id)
      if (payload === undefined) return
      if (payload.consumed === undefined) {
        store.put(kind, hashed(id), JSON.stringify({ ...payload, consumed: nowSeconds() }), payload.exp)
        return
      }
      // The library looked before it was consumed, and another request came between: two holders, one of them a thief.
      if (payload.grantId !== undefined) {
        forget(payload.grantId)
        store.delete('oidc-Grant', hashed(payload.grantId))
        await grantEnded(payload.grantId)
      }
      throw new errors.InvalidGrant('already used')
    },
    async destroy(id) {
      const payload = find(id)
      if (model === 'Session' && payload?.uid !== undefined) store.delete(uidKind, hashed(payload.uid))
      if (payload?.userCode !== undefined) store.delete(userCodeKind, hashed(payload.userCode))
      store.delete(kind, hashed(id))
      if (model === 'Grant') await grantEnded(id)
    },
    async revokeByGrantId(grantId) {
      forget(grantId)
    },
  }
}

/** Longer than anything made under a grant lives. */
const grantMemorySeconds = 13 * 3_600

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

/** What stands here was written by `put` above, under our own seal. */
function read(value: string | undefined): AdapterPayload | undefined {
  return value === undefined ? undefined : JSON.parse(value)
}
