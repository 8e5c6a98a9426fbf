import { Secret, TOTP } from 'otpauth'

import type { SealedStore, User } from '../ports.ts'

const periodSeconds = 30

/**
 * Checks a TOTP code (RFC 6238) and uses its step up: neither it nor an earlier one is accepted again (§5.2),
 * not even after a restart. One step of drift to either side is forgiven.
 */
export function useCode(
  store: SealedStore,
  user: Pick<User, 'name' | 'totpSecret'>,
  code: string,
  nowSeconds: number,
): boolean {
  if (user.totpSecret === undefined || !/^[0-9]{6}$/.test(code)) return false
  const totp = new TOTP({ secret: Secret.fromBase32(user.totpSecret), period: periodSeconds, digits: 6 })
  const drift = totp.validate({ token: code, timestamp: nowSeconds * 1_000, window: 1 })
  if (drift === null) return false
  const step = Math.floor(nowSeconds / periodSeconds) + drift
  const lastUsed = Number(store.get('totp-step', user.name) ?? -1)
  if (!(step > lastUsed)) return false
  store.put('totp-step', user.name, String(step))
  return true
}
