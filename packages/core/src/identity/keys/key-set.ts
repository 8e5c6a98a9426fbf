import { SallyportError } from '@sallyport/core/access'
import { isObject } from '@sallyport/core/json'

import type { JwksDocument, KeySource } from '../issuer/issuer.ts'
import { importKey, type KeyRecord } from './key-record.ts'
import type { Primitives } from '../primitives.ts'
import { refuseToken, type TokenRefusal } from '../refusal.ts'

/** The keys of one issuer. A kid means something only here: another issuer's is another key. */
export interface KeySet {
  /** The key if it is known now. Never waits; starts a refresh beside it when the set is old. */
  known(keyId: string): KeyRecord | undefined
  /** The key, after at most one fetch. Known keys are answered at once, whatever a fetch is doing. */
  find(keyId: string): Promise<KeyRecord | TokenRefusal>
}

const maxKeys = 100
const fetchTimeoutMs = 5_000
/** Between two fetches, whether the first worked or not: hostile kids must not make us hammer the issuer. */
const coolDownSeconds = 30
/** A set older than this is fetched again beside the requests. */
const refreshSeconds = 600
/** A set that could not be renewed for this long verifies nothing any more: its keys may have been withdrawn. */
const staleSeconds = 86_400
const maxUnknownKeyIds = 1_000

/** What a key set works by. */
export interface KeySetOptions {
  readonly source: KeySource
  readonly nowSeconds: () => number
  readonly primitives?: Primitives
  /** Told why keys could not be had, for the operator's log; at most once per cool-down. */
  readonly onTrouble?: (cause: unknown) => void
}

/** Makes the key set of one issuer. Nothing is fetched until a token asks. */
export function createKeySet({ source, nowSeconds, primitives, onTrouble }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, KeyRecord> = new Map()
  let loadedAt: number | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let flight: Promise<boolean> | undefined
  const unknown = new Map<string, number>()

  const coolingDown = (): boolean => Math.abs(nowSeconds() - attemptedAt) < coolDownSeconds
  const isOlderThan = (seconds: number): boolean =>
    typeof source === 'function' && loadedAt !== undefined && nowSeconds() - loadedAt >= seconds

  /** True when the set is new. Never rejects. */
  async function load(): Promise<boolean> {
    attemptedAt = nowSeconds()
    try {
      keys = await importKeys(typeof source === 'function' ? await fetchWithin(source) : source, primitives)
      loadedAt = nowSeconds()
      unknown.clear()
      return true
    } catch (cause) {
      onTrouble?.(cause)
      return false // The issuer is away or sent rubbish. Known keys go on until they are stale; `find` reports it.
    } finally {
      flight = undefined
    }
  }
  const refresh = (): Promise<boolean> => (flight ??= load())

  function known(keyId: string): KeyRecord | undefined {
    if (isOlderThan(refreshSeconds) && !coolingDown()) void refresh()
    return isOlderThan(staleSeconds) ? undefined : keys.get(keyId)
  }

  function isKnownToBeUnknown(keyId: string): boolean {
    const until = unknown.get(keyId)
    return until !== undefined && nowSeconds() < until
  }

  function rememberUnknown(keyId: string): void {
    unknown.set(keyId, nowSeconds() + refreshSeconds)
    const [oldest] = unknown.keys()
    if (unknown.size > maxUnknownKeyIds && oldest !== undefined) unknown.delete(oldest)
  }

  async function find(keyId: string): Promise<KeyRecord | TokenRefusal> {
    const record = known(keyId)
    if (record !== undefined) return record
    if (loadedAt !== undefined && !isOlderThan(staleSeconds) && isKnownToBeUnknown(keyId)) {
      return refuseToken('token.unknown_key')
    }
    const canLoad = typeof source === 'function' || loadedAt === undefined
    if (flight !== undefined || (canLoad && !coolingDown())) {
      const isNew = await refresh()
      const found = known(keyId)
      if (found !== undefined) return found
      if (isNew) rememberUnknown(keyId)
    }
    const areUnavailable = loadedAt === undefined || isOlderThan(staleSeconds)
    return refuseToken(areUnavailable ? 'token.keys_unavailable' : 'token.unknown_key')
  }

  return { known, find }
}

/** The signal asks the fetch to end; the race makes sure that one which does not listen holds nobody up. */
async function fetchWithin(source: (signal: AbortSignal) => Promise<JwksDocument>): Promise<JwksDocument> {
  const signal = AbortSignal.timeout(fetchTimeoutMs)
  const timedOut = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([source(signal), timedOut])
}

/** Adversary: whoever stands at the JWKS address. Keys that may not verify are left out; so are ambiguous kids. */
async function importKeys(
  document: JwksDocument,
  primitives: Primitives | undefined,
): Promise<ReadonlyMap<string, KeyRecord>> {
  if (!isObject(document) || !Array.isArray(document.keys) || document.keys.length > maxKeys) {
    throw new SallyportError('identity.jwks', 'the key set is not a JSON object with at most 100 keys')
  }
  const records = new Map<string, KeyRecord>()
  const seen = new Set<string>()
  for (const jwk of document.keys) {
    const keyId: unknown = isObject(jwk) ? jwk['kid'] : undefined
    if (typeof keyId !== 'string') continue
    const record = await importKey(jwk, primitives)
    if (seen.has(keyId)) records.delete(keyId)
    else if (record !== undefined) records.set(keyId, record)
    seen.add(keyId)
  }
  return records
}
