import { createHash } from 'node:crypto'

import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

import type { SealedStore } from './ports.ts'

/**
 * Keeps oidc-provider's records (sessions, interactions, codes, grants) in the sealed store.
 * Ids of sessions and codes are bearer secrets, so they are stored hashed. The store is synchronous, and each
 * method does its work before its first `await`: a code is consumed once, however many requests bring it.
 * Clients are configured and never stored: registration stays closed whatever is found here.
 */
export function createAdapterFactory(store: SealedStore, nowSeconds: () => number): AdapterFactory {
  return (model) => createAdapter(store, nowSeconds, model)
}

function createAdapter(store: SealedStore, nowSeconds: () => number, model: string): Adapter {
  const kind = `oidc-${model}`
  const uidKind = 'oidc-session-uid'
  const grantKind = 'oidc-grant-members'

  const find = (id: string): AdapterPayload | undefined => read(store.get(kind, hashed(id)))

  function put(id: string, payload: AdapterPayload, expiresIn: number | undefined): void {
    const until = expiresIn === undefined ? undefined : nowSeconds() + expiresIn
    store.put(kind, hashed(id), JSON.stringify(payload), until)
    if (model === 'Session' && payload.uid !== undefined) store.put(uidKind, hashed(payload.uid), id, until)
    if (payload.grantId !== undefined && model !== 'Interaction') {
      const members = new Set<string>(JSON.parse(store.get(grantKind, hashed(payload.grantId)) ?? '[]'))
      members.add(JSON.stringify([kind, hashed(id)]))
      store.put(grantKind, hashed(payload.grantId), JSON.stringify([...members]), nowSeconds() + grantMemorySeconds)
    }
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
    async findByUserCode() {
      return undefined // the device flow is off
    },
    async consume(id) {
      const payload = find(id)
      if (payload === undefined) return
      store.put(kind, hashed(id), JSON.stringify({ ...payload, consumed: nowSeconds() }), payload.exp)
    },
    async destroy(id) {
      const uid = model === 'Session' ? find(id)?.uid : undefined
      if (uid !== undefined) store.delete(uidKind, hashed(uid))
      store.delete(kind, hashed(id))
    },
    async revokeByGrantId(grantId) {
      const members: string[] = JSON.parse(store.get(grantKind, hashed(grantId)) ?? '[]')
      for (const member of members) {
        const [memberKind, memberId]: [string, string] = JSON.parse(member)
        store.delete(memberKind, memberId)
      }
      store.delete(grantKind, hashed(grantId))
    },
  }
}

/** Longer than anything made under a grant lives. */
const grantMemorySeconds = 3_600

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

/** What stands here was written by `put` above, under our own seal. */
function read(value: string | undefined): AdapterPayload | undefined {
  return value === undefined ? undefined : JSON.parse(value)
}
