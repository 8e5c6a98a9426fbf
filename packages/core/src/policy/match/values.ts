/**
 * Values of conditions, from policies and from requests alike. Each reader gives undefined for what it cannot read:
 * in a policy a fault, in a request an unclear condition, never a guess.
 */

/** A decimal without exponent. More than 15 digits would not survive as a double, so they are not read at all. */
export function readNumber(value: string | number | boolean): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return undefined
  const parts = /^([+-]?)(\d{1,15})(?:\.(\d{1,15}))?$/.exec(value)
  if (parts === null) return undefined
  const digits = (parts[2] ?? '').replace(/^0+/, '').length + (parts[3] ?? '').replace(/0+$/, '').length
  return digits > 15 ? undefined : Number(value)
}

/** `true` and `false` in any case, and the JSON values. */
export function readBoolean(value: string | number | boolean): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return undefined
  const word = value.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : undefined
}

const dateForm = /^(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}))?)?$/

/**
 * Milliseconds since the epoch. Reads the ISO 8601 forms of W3C NOTE-datetime, and seconds since the epoch.
 * Four digits alone could be a year or 1970's first hour and three quarters, and are not read.
 */
export function readDate(value: string | number | boolean): number | undefined {
  if (typeof value === 'boolean') return undefined
  if (typeof value === 'number') return value * 1000
  if (/^-?\d{1,12}(?:\.\d{1,3})?$/.test(value)) return /^\d{4}$/.test(value) ? undefined : Number(value) * 1000
  const parts = dateForm.exec(value)
  if (parts === null) return undefined
  const field = (index: number, otherwise: number): number => Number(parts[index] ?? otherwise)
  const [year, month, day] = [field(1, 0), field(2, 1), field(3, 1)]
  const [hour, minute, second] = [field(4, 0), field(5, 0), field(6, 0)]
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month - 1, day)
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const fraction = Number(`0.${parts[7] ?? '0'}`) * 1000
  const zone = parts[8] ?? 'Z'
  const offset = zone === 'Z' ? 0 : (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * (zone[0] === '-' ? -1 : 1)
  if (Math.abs(offset) > 14 * 60 || Number(zone.slice(4)) > 59) return undefined
  return midnight.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction
}

/** The bytes of canonical base64, one per UTF-16 unit. */
export function readBinary(value: string | number | boolean): string | undefined {
  if (typeof value !== 'string') return undefined
  try {
    const bytes = atob(value)
    // Spaces, a lacking `=` and bits left over after the last byte would let one value be written in several ways.
    return btoa(bytes) === value ? bytes : undefined
  } catch {
    return undefined
  }
}
