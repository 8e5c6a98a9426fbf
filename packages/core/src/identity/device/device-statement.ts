import type { Device } from '@sallyport/core/access'
import { type JsonObject } from '@sallyport/core/json'

import { verifyJws } from '../keys/key-record.ts'
import type { KeySet } from '../keys/key-set.ts'
import { readLifetime } from '../lifetime.ts'
import { readBinding } from '../token/binding.ts'
import { parseJwt } from '../token/parse-jwt.ts'

/** Why a statement about a device does not count. */
export type DeviceStatementCode =
  | 'device.malformed'
  | 'device.manager'
  | 'device.unknown_key'
  | 'device.signature'
  | 'device.claims'
  | 'device.expired'
  | 'device.not_yet_valid'
  | 'device.stale'
  | 'device.unbound'

/** Whose statements count. */
export interface DeviceManager {
  /** The exact `iss`. */
  readonly issuer: string
  readonly audience: string
  readonly keys: KeySet
  /** How old what was stated may be, whatever the statement's own end. */
  readonly maxAgeSeconds: number
}

/** What the request itself proves, and when. */
export interface DeviceMoment {
  /** Thumbprints of the keys and the certificate that the request proved; a statement is about one of them. */
  readonly proved: readonly string[]
  readonly nowSeconds: number
  readonly skewSeconds: number
}

/** The device that a statement is about, or why it is about none. */
export type DeviceVerdict =
  | { readonly kind: 'stated'; readonly device: Device }
  | { readonly kind: 'refused'; readonly code: DeviceStatementCode }

const maxLength = 8_192
const deviceName = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/

/**
 * Verifies what a device manager states of a device: a JWT of the type `device+jwt`. Adversary: whoever shows the
 * statement of a good device from a bad one: it names the key or the certificate of the device it is about
 * (RFC 7800 `cnf`), and counts only for a request that proved it.
 */
export async function verifyDeviceStatement(
  text: string,
  manager: DeviceManager,
  { proved, nowSeconds, skewSeconds }: DeviceMoment,
): Promise<DeviceVerdict> {
  const jwt = text.length > maxLength ? undefined : parseJwt(text)
  if (jwt?.kind !== 'parsed' || jwt.type !== 'device+jwt') return refuse('device.malformed')
  const { claims, keyId } = jwt
  if (!isFrom(manager, claims)) return refuse('device.manager')
  const key = keyId === undefined ? undefined : await manager.keys.find(keyId)
  if (key === undefined || 'kind' in key) return refuse('device.unknown_key')
  if ((await verifyJws(jwt, key)) !== undefined) return refuse('device.signature')
  const lifetime = readLifetime(claims)
  const device = readDevice(claims)
  const binding = readBinding(claims)
  if ('kind' in lifetime || 'kind' in binding || device === undefined) return refuse('device.claims')
  const bound = [binding.keyThumbprint, binding.certificateThumbprint].filter((one) => one !== undefined)
  // All that it names, and at least one: without any it would be good in everybody's hands.
  if (bound.length === 0 || !bound.every((one) => proved.includes(one))) return refuse('device.unbound')
  const { issuedAtSeconds, notBeforeSeconds, expiresAtSeconds } = lifetime
  if (nowSeconds >= expiresAtSeconds + skewSeconds) return refuse('device.expired')
  if (nowSeconds < Math.max(issuedAtSeconds, notBeforeSeconds) - skewSeconds) return refuse('device.not_yet_valid')
  if (nowSeconds > issuedAtSeconds + manager.maxAgeSeconds) return refuse('device.stale')
  return { kind: 'stated', device: { ...device, source: 'manager', statedAtSeconds: Math.floor(issuedAtSeconds) } }
}

/** `managed` must be said; what does not comply is not managed, whatever else is said. */
function readDevice(claims: JsonObject): Device | undefined {
  const { sub, managed, compliant } = claims
  const type = claims['device_type'] ?? 'unknown'
  if (typeof sub !== 'string' || !deviceName.test(sub) || typeof managed !== 'boolean') return undefined
  if (typeof type !== 'string' || !/^[a-z0-9-]{1,32}$/.test(type)) return undefined
  if (compliant !== undefined && typeof compliant !== 'boolean') return undefined
  const complies = compliant === undefined ? {} : { compliant }
  return { id: sub, managed: managed && compliant !== false, type, ...complies }
}

function isFrom({ issuer, audience }: DeviceManager, { iss, aud }: JsonObject): boolean {
  return iss === issuer && (aud === audience || (Array.isArray(aud) && aud.includes(audience)))
}

function refuse(code: DeviceStatementCode): DeviceVerdict {
  return { kind: 'refused', code }
}
