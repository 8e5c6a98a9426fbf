import { SallyportError } from '@sallyport/core/access'

/** The part of a sealed store that keeps key material: what `put` returned from survives loss of power. */
export interface KeyStore {
  get(kind: string, id: string): string | undefined
  put(kind: string, id: string, value: string): void
}

/** One key of a rotation; its private half is gone once it no longer signs. */
export interface RotatedKey {
  readonly keyId: string
  /** Milliseconds since the epoch. */
  readonly madeAtMs: number
  /** From then on it signs, until a later one does. */
  readonly signsFromMs: number
  /** The public half: a JWK, or for an authority its certificate, PEM. Published from the moment it is made. */
  readonly published: string
  /** PKCS #8, PEM. Secret. */
  readonly privatePem?: string
}

/** When keys follow one another. */
export interface RotationPlan {
  /** How long a key signs before the next one is made. */
  readonly signsForMs: number
  /** How long the next one is published before it signs: longer than any verifier keeps what it fetched. */
  readonly leadMs: number
  /** How long the old one stays published after it last signed: as long as the longest-lived thing that it signed. */
  readonly lingersMs: number
  /** Beyond this age a key may sign no more, whatever stands ready; for authorities, whose certificate ends. */
  readonly maxAgeMs?: number
}

/** Keys that follow one another with overlap, so that no verifier ever meets a signature of a key it cannot know. */
export interface Rotation {
  /** The one that signs now. Throws `sts.key_expired` rather than use one beyond its age. */
  readonly signing: () => RotatedKey & { readonly privatePem: string }
  /** Every one to be published: the next, the present, and those that signed something that may still be alive. */
  readonly published: () => readonly RotatedKey[]
  /** Grows with every change of what is published, also over a lost store, as long as clocks go forward. */
  readonly changedAtMs: () => number
  /** Makes and retires what is due. To be called at least once in half of `leadMs`; calls do not overlap. */
  readonly advance: () => Promise<void>
}

/** Whose keys, where they are kept, and how one is made. */
export interface RotationOptions {
  /** `ticket`, `jwt-svid`, … */
  readonly name: string
  readonly store: KeyStore
  readonly plan: RotationPlan
  readonly nowMs: () => number
  readonly make: (signsFromMs: number) => Promise<Pick<RotatedKey, 'keyId' | 'published'> & { privatePem: string }>
}

interface Kept {
  readonly changedAtMs: number
  readonly keys: readonly RotatedKey[]
}

const kind = 'sts-keys'

/**
 * Opens a rotation, or begins one. The first key signs at once: nobody can have fetched anything before it. Every
 * later one is published for `leadMs` before it signs; a server that was stopped meanwhile goes on with the old one.
 */
export async function openRotation(options: RotationOptions): Promise<Rotation> {
  const { name, store, plan, nowMs, make } = options
  let kept = readKept(store.get(kind, name), name)

  const keep = (keys: readonly RotatedKey[]): void => {
    const next = { keys, changedAtMs: Math.max(kept.changedAtMs + 1, nowMs()) }
    store.put(kind, name, JSON.stringify(next)) // on disk before anybody sees it
    kept = next
  }
  /** The newest whose turn has come; where the clock was set back, the oldest there is. */
  const present = (): RotatedKey | undefined =>
    kept.keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs()) ?? kept.keys[0]
  const isTooOld = ({ signsFromMs }: RotatedKey): boolean =>
    plan.maxAgeMs !== undefined && nowMs() >= signsFromMs + plan.maxAgeMs

  async function advanceNow(): Promise<void> {
    const now = nowMs()
    const current = present()
    const usable = current?.privatePem !== undefined && !isTooOld(current) ? current : undefined
    const last = kept.keys.at(-1)
    if (usable === undefined || last === undefined) await add(now)
    else if (last === usable && now >= usable.signsFromMs + plan.signsForMs) await add(now + plan.leadMs)
    retire()
  }

  async function add(signsFromMs: number): Promise<void> {
    const key: RotatedKey = { madeAtMs: nowMs(), signsFromMs, ...(await make(signsFromMs)) }
    keep([...kept.keys, key])
  }

  /** A key that no longer signs keeps its public half only, and that until nothing that it signed is alive. */
  function retire(): void {
    const now = nowMs()
    const place = kept.keys.findLastIndex(({ signsFromMs }) => signsFromMs <= now)
    const left = kept.keys.flatMap((key, at): readonly RotatedKey[] => {
      if (at >= place) return [key]
      const { privatePem: _spent, ...publicHalf } = key
      const next = kept.keys[at + 1]
      return next !== undefined && now >= next.signsFromMs + plan.lingersMs ? [] : [publicHalf]
    })
    if (JSON.stringify(left) !== JSON.stringify(kept.keys)) keep(left)
  }

  let running: Promise<void> = Promise.resolve()
  const advance = (): Promise<void> => {
    const next = running.then(advanceNow)
    running = next.catch(() => undefined) // whoever asked hears of it; the next one tries again
    return next
  }
  await advance()
  return {
    signing: () => {
      const key = present()
      if (key?.privatePem === undefined || isTooOld(key)) {
        throw new SallyportError('sts.key_expired', `The key for ${name} may sign no more, and no other one was made.`)
      }
      return { ...key, privatePem: key.privatePem }
    },
    published: () => kept.keys,
    changedAtMs: () => kept.changedAtMs,
    advance,
  }
}

function readKept(text: string | undefined, name: string): Kept {
  if (text === undefined) return { changedAtMs: 0, keys: [] }
  const kept: unknown = JSON.parse(text) // sealed by this server; the vault has authenticated every byte
  if (typeof kept === 'object' && kept !== null && 'keys' in kept && 'changedAtMs' in kept) {
    const { keys, changedAtMs } = kept
    if (Array.isArray(keys) && typeof changedAtMs === 'number') return { keys, changedAtMs }
  }
  throw new SallyportError('sts.keys_damaged', `The sealed keys for ${name} are damaged.`)
}
