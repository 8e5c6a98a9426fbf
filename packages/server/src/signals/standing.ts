import { type Context, contextKeys, revocationTargets, type SignalRecord, type Subject } from '@sallyport/core/access'
import { maxEventAgeSeconds, type RiskLevel, riskLevels } from '@sallyport/core/identity'
import type { SignalStream } from '@sallyport/manifest'

/** What shared signals said of people and devices, and when each stream was last heard. A projection of the ledger. */
export interface Standing {
  /** Takes note of a signal that is in the ledger. */
  readonly apply: (record: SignalRecord) => void
  /** An event is applied once, however often it is sent. */
  readonly isApplied: (stream: string, id: string) => boolean
  /** False when no more events can be told from those that were applied; they must then be refused. */
  readonly hasRoom: () => boolean
  /** The transmitter answered, if only to say that there is nothing new. */
  readonly heard: (stream: string) => void
  /** What a decision about this subject must know. Without a stream about their issuer: nothing. */
  readonly factsOf: (subject: Subject) => Context
  readonly streams: () => readonly StreamView[]
  readonly people: () => readonly StandingView[]
}

/** A stream as operators see it. */
export interface StreamView {
  readonly name: string
  readonly of: string
  readonly delivery: 'push' | 'poll'
  /** Milliseconds since the epoch; absent while it was never heard. */
  readonly heardAt?: number
  readonly fresh: boolean
}

/** Somebody of whom a stream said something that stands. */
export interface StandingView {
  /** `user/okta:alice`, `device/d1`. */
  readonly target: string
  readonly risk?: RiskLevel
  readonly compliant?: boolean
}

interface Known {
  risk?: RiskLevel
  /** By the device's id; `''` where none was named. */
  readonly devices: Map<string, boolean>
}

/** What it works by; streams are those of the manifest in force. */
export interface StandingOptions {
  readonly streams: () => readonly SignalStream[]
  readonly nowMs: () => number
  /** People and devices, and events of the last week, that are remembered at most; 100,000 unless said. */
  readonly capacity?: number
}

/** The clock may have stood elsewhere when an event was heard; a moment to come is no sign of life. */
const maxSkewMs = 60_000

/** Starts with nothing known; the ledger's signals are applied to it. */
export function createStanding({ streams, nowMs, capacity = 100_000 }: StandingOptions): Standing {
  const heardAt = new Map<string, number>()
  const silenced = new Set<string>()
  const known = new Map<string, Known>()
  const applied = new Map<string, number>()
  // More is known than can be held: then nobody's standing is, and every demand for fresh signals is refused.
  let isOverfull = false

  const ageMs = (stream: string): number => {
    const at = heardAt.get(stream)
    const age = at === undefined ? Infinity : nowMs() - at
    return age < -maxSkewMs ? Infinity : Math.max(0, age)
  }
  const isFresh = ({ name, silenceMs }: SignalStream): boolean =>
    !isOverfull && !silenced.has(name) && ageMs(name) <= silenceMs

  function forgetOldEvents(): void {
    const nowSeconds = nowMs() / 1000
    for (const [id, until] of applied) if (until < nowSeconds) applied.delete(id)
  }

  function note(target: string, { risk, compliant, device = '' }: SignalRecord): void {
    const one = known.get(target) ?? { devices: new Map<string, boolean>() }
    if (risk !== undefined) one.risk = risk
    if (compliant !== undefined) one.devices.set(device, compliant)
    if (!known.has(target) && known.size >= capacity) isOverfull = true
    else if (one.devices.size > maxDevices) isOverfull = true
    else known.set(target, one)
  }

  return {
    apply: (record) => {
      const { stream, id, issuedAtSeconds, at, state, targets } = record
      // Kept a minute longer than an event of that age would be taken, whichever clock is behind.
      applied.set(nameOf(stream, id), issuedAtSeconds + maxEventAgeSeconds + 60)
      heardAt.set(stream, Math.max(at, heardAt.get(stream) ?? 0))
      if (state === 'silent') silenced.add(stream)
      else silenced.delete(stream)
      if (record.risk === undefined && record.compliant === undefined) return
      for (const target of targets) note(target, record)
    },
    isApplied: (stream, id) => applied.has(nameOf(stream, id)),
    hasRoom: () => {
      if (applied.size >= capacity) forgetOldEvents()
      return applied.size < capacity
    },
    heard: (stream) => void heardAt.set(stream, nowMs()),
    factsOf: (subject) => {
      const about = streams().filter(({ of }) => of === subject.credential?.issuerName)
      if (about.length === 0) return {}
      const said = revocationTargets(subject).flatMap((target) => known.get(target) ?? [])
      const devices = said.flatMap(({ devices: each }) => [...each.values()])
      const risk = riskLevels.findLast((level) => said.some((one) => one.risk === level))
      const age = Math.max(...about.map(({ name }) => ageMs(name)))
      return {
        [contextKeys.signalsFresh]: about.every(isFresh),
        ...(age === Infinity ? {} : { [contextKeys.signalAge]: Math.floor(age / 1000) }),
        ...(risk === undefined ? {} : { [contextKeys.risk]: risk }),
        ...(devices.length === 0 ? {} : { [contextKeys.deviceCompliant]: devices.every(Boolean) }),
        // An enrolled device that its owner's rules have put out is managed no more.
        ...(devices.every(Boolean) ? {} : { [contextKeys.deviceManaged]: false }),
      }
    },
    streams: () =>
      streams().map((stream) => {
        const at = heardAt.get(stream.name)
        return {
          name: stream.name,
          of: stream.of,
          delivery: stream.poll === undefined ? 'push' : 'poll',
          ...(at === undefined ? {} : { heardAt: at }),
          fresh: isFresh(stream),
        }
      }),
    people: () =>
      [...known].map(([target, { risk, devices }]) => ({
        target,
        ...(risk === undefined ? {} : { risk }),
        ...(devices.size === 0 ? {} : { compliant: [...devices.values()].every(Boolean) }),
      })),
  }
}

/** Devices of one person that are told apart. */
const maxDevices = 50

function nameOf(stream: string, id: string): string {
  return `${stream} ${id}`
}
