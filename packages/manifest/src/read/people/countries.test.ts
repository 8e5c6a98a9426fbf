import { expect, test } from 'vitest'

import { accessDiff } from '../../access/access-diff.ts'
import { exampleText, load, mustLoad } from '../../testing/example.ts'

const own = (database: string): string =>
  exampleText.replace('CH: [127.0.0.1/32]', `database: ${database}\n  CH: [127.0.0.1/32]`)

test('a country database is a file of the app, and in its digest', () => {
  const files = { 'countries.mmdb': new Uint8Array([1]) }
  const { app } = mustLoad(own('countries.mmdb'), files)
  expect(app.countries).toMatchObject({ name: 'countries.mmdb' })
  expect(app.locations.map(({ country }) => country)).not.toContain('database')
  const newer = mustLoad(own('countries.mmdb'), { 'countries.mmdb': new Uint8Array([2]) }).app
  expect(newer.digest).not.toBe(app.digest)
  expect(accessDiff(app, newer).broadens).toBe(false)
})

test('another database, or none, may broaden', () => {
  const files = { 'countries.mmdb': new Uint8Array([1]) }
  const { app } = mustLoad()
  expect(app.countries).toBeUndefined()
  expect(accessDiff(app, mustLoad(own('countries.mmdb'), files).app).broadens).toBe(true)
  expect(mustLoad(own('none')).app.countries).toBe('none')
})

test('a database outside the app, or nowhere, is a fault', () => {
  const codesOf = (database: string): readonly string[] => {
    const loaded = load(own(database))
    return loaded.ok ? [] : loaded.faults.map(({ code }) => code)
  }
  expect(codesOf('../countries.mmdb')).toEqual(['manifest.outside_folder'])
  expect(codesOf('countries.mmdb')).toEqual(['manifest.file_missing'])
})
