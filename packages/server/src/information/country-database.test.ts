import { describe, expect, test } from 'vitest'

import { bundledCountryDatabase, openCountryDatabase } from './country-database.ts'
import { compileLocations } from './networks.ts'
import { databaseOfOne } from './testing/one-network.ts'

describe('the database that comes along', () => {
  const countryOf = compileLocations([{ country: 'CH', networks: ['8.8.8.0/24'] }], bundledCountryDatabase())

  for (const [address, country] of [
    ['129.132.19.216', 'CH'],
    ['193.99.144.80', 'DE'],
    ['::ffff:193.99.144.80', 'DE'],
    ['2001:620:0:ff::5c', 'CH'],
    ['127.0.0.1', undefined],
    ['10.0.0.1', undefined],
    ['::1', undefined],
    ['nowhere', undefined],
    ['193.99.144.80, 129.132.19.216', undefined],
  ] as const) {
    test(`${address}: ${country ?? 'unknown'}`, () => {
      expect(countryOf(address)).toBe(country)
    })
  }

  test('what the manifest writes down comes before it', () => {
    expect(countryOf('8.8.8.8')).toBe('CH')
    expect(countryOf('8.8.4.4')).toBe('US')
  })
})

describe('a database of one’s own', () => {
  for (const [what, record, country] of [
    ['as MaxMind words it', { country: { iso_code: 'FR' } }, 'FR'],
    ['in the short form', { country_code: 'FR' }, 'FR'],
    ['that says something else', { country_code: 'France' }, undefined],
    ['that says a wildcard', { country_code: '*' }, undefined],
    ['that says no text', { country: 'FR', country_code: 7 }, undefined],
  ] as const) {
    test(what, () => {
      const database = openCountryDatabase(databaseOfOne(record), 'own.mmdb')
      expect(database('1.2.3.4')).toBe(country)
      expect(database('1.2.3.4')).toBe(country) // remembered
    })
  }

  test('what is no database is an error that names the file', () => {
    expect(() => openCountryDatabase(new TextEncoder().encode('not one'), 'own.mmdb')).toThrow(
      expect.objectContaining({ code: 'locations.database', message: expect.stringContaining('own.mmdb') }),
    )
  })
})
