import { anonymous, type Device, type Subject } from '@sallyport/core/access'
import {
  type DeviceManager,
  type DeviceStatementCode,
  type DeviceVerdict,
  verifyDeviceStatement,
} from '@sallyport/core/identity'

import { type DeviceCertificate, verifyDeviceCertificate } from '../certificates/index.ts'
import type { Revocations } from './revocations.ts'

/** What a request shows of the device that it comes from. */
export interface DeviceEvidence {
  /** The certificates of its connection, DER, the leaf first; one and the same list for a whole connection. */
  readonly certificates?: readonly Uint8Array[]
  readonly certificateThumbprint?: string
  /** Every `sallyport-device` header. */
  readonly statements: readonly string[]
}

/** The person with the device that the request proves, or why a device that it shows does not count. */
export type DeviceProof = (subject: Subject, evidence: DeviceEvidence) => Subject | Promise<Subject>

/** Who is believed about devices. */
export interface DevicesOptions {
  /** Authorities whose client certificates are devices, DER; the same objects while they stay. */
  readonly authorities: readonly Uint8Array[]
  /** What they say now of a certificate; without it none of theirs is ever taken back. */
  readonly revocations?: Revocations
  readonly manager?: DeviceManager
  /** Asked when a device was found: its revocation ends what was proved before. */
  readonly isRevoked: (subject: Subject) => boolean
  readonly nowMs: () => number
}

const skewSeconds = 60
/** A chain is verified once for so long; its own end is asked at every request. */
const verdictLifetimeMs = 600_000

/**
 * Finds the device behind a request of a person. What the sign-in proved stays where the request proves nothing; what
 * the manager states goes before a certificate, as it says more. Nothing that a client merely says of itself is asked.
 */
export function compileDevices({ authorities, revocations, manager, isRevoked, nowMs }: DevicesOptions): DeviceProof {
  const verdicts = new WeakMap<readonly Uint8Array[], { readonly verdict: Found; readonly untilMs: number }>()
  const merged = new WeakMap<Subject, { readonly of: Device; readonly subject: Subject }>()

  function byCertificate(chain: readonly Uint8Array[] | undefined): Found {
    if (chain === undefined || authorities.length === 0) return undefined
    const known = verdicts.get(chain)
    const verdict = known !== undefined && nowMs() < known.untilMs ? known.verdict : read(chain)
    const ended = verdict?.kind === 'found' ? endOf(verdict) : undefined
    return ended === undefined ? verdict : { kind: 'refused', code: ended }
  }

  /** What may change while a connection lasts. */
  function endOf({ expiresAtMs, serialNumber, signer }: Extract<Found, { kind: 'found' }>): Fault | undefined {
    if (nowMs() >= expiresAtMs) return 'device.certificate_expired'
    if (revocations === undefined) return undefined
    const status = signer === undefined ? 'unknown' : revocations.statusOf(signer, serialNumber)
    return status === 'good' ? undefined : `device.certificate_${status}`
  }

  function read(chain: readonly Uint8Array[]): Found {
    const shown = verifyDeviceCertificate(chain, authorities, nowMs())
    const verdict = shown === undefined || shown.kind === 'refused' ? shown : foundIn(shown)
    verdicts.set(chain, { verdict, untilMs: nowMs() + verdictLifetimeMs })
    return verdict
  }

  function withDevice(subject: Subject, device: Device): Subject {
    const known = merged.get(subject)
    const whole = known?.of === device ? known.subject : { ...subject, device }
    merged.set(subject, { of: device, subject: whole })
    return isRevoked(whole) ? { ...anonymous, refused: revoked } : whole
  }

  function settled(subject: Subject, stated: DeviceVerdict | undefined, shown: Found): Subject {
    if (stated?.kind === 'stated') {
      // A certificate of a device is proof of that device; a statement about another one is not about this request.
      const isOther = shown?.kind === 'found' && shown.device.id !== stated.device.id
      return isOther ? withFault(subject, 'device.unbound') : withDevice(subject, stated.device)
    }
    const fault = stated?.code ?? (shown?.kind === 'refused' ? shown.code : undefined)
    const whole = shown?.kind === 'found' ? withDevice(subject, shown.device) : subject
    return fault === undefined ? whole : withFault(whole, fault)
  }

  function judge(
    subject: Subject,
    { certificates, certificateThumbprint, statements }: DeviceEvidence,
  ): Subject | Promise<Subject> {
    const shown = byCertificate(certificates)
    const [text, second] = statements
    if (manager === undefined || text === undefined) return settled(subject, undefined, shown)
    if (second !== undefined) return settled(subject, { kind: 'refused', code: 'device.malformed' }, shown)
    const proved = [
      ...(subject.credential?.boundTo ?? []),
      ...(certificateThumbprint === undefined ? [] : [certificateThumbprint]),
    ]
    const moment = { proved, nowSeconds: nowMs() / 1000, skewSeconds }
    return verifyDeviceStatement(text, manager, moment).then((stated) => settled(subject, stated, shown))
  }

  return (subject, evidence) => {
    // A program is no person with a device, and who is refused is nobody.
    if (subject.kind !== 'user' || subject.credential?.issuerName === 'service') return subject
    const reading = evidence.certificates === undefined ? undefined : revocations?.refresh()
    return reading === undefined ? judge(subject, evidence) : reading.then(() => judge(subject, evidence))
  }
}

/** By the lists of their authorities; documented with the others. */
type StatusFault = 'device.certificate_revoked' | 'device.certificate_unknown'

type Fault = DeviceStatementCode | Extract<DeviceCertificate, { kind: 'refused' }>['code'] | StatusFault

type Found =
  | ({ readonly kind: 'found'; readonly device: Device } & Pick<Certified, 'expiresAtMs' | 'serialNumber' | 'signer'>)
  | { readonly kind: 'refused'; readonly code: Fault }
  | undefined

type Certified = Extract<DeviceCertificate, { kind: 'device' }>

function foundIn({ id, issuedAtMs, ...rest }: Certified): Found {
  const statedAtSeconds = Math.floor(issuedAtMs / 1000)
  const device = { id, managed: true, type: 'unknown', source: 'certificate', statedAtSeconds } as const
  return { ...rest, kind: 'found', device }
}

/** Of what was shown and does not count only the reason stays: the request may not need a device at all. */
function withFault(subject: Subject, deviceFault: Fault): Subject {
  return { ...subject, deviceFault }
}

const revoked = { code: 'token.revoked', message: 'What the token rests on was revoked; sign in again.' }
