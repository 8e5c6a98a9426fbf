import { expect, test } from 'vitest'

import type { Role } from '../app.ts'
import { countingAs } from './inheritance.ts'

const at = { file: 'sallyport.yaml', line: 1, column: 1 }
const role = (name: string, more: Partial<Role> = {}): Role => ({
  name,
  mfa: false,
  countries: [],
  managedDevice: false,
  at,
  ...more,
})
const holder = (more: Partial<Role> = {}): Role => role('holder', { includes: ['middle'], ...more })
/** What counts as `asked`, over one role between. */
const counts = (asked: Partial<Role>, middle: Partial<Role> = {}, own: Partial<Role> = {}): readonly Role[] => {
  const people = [holder(own), role('middle', { includes: ['asked'], ...middle }), role('asked', asked)]
  return countingAs({ people }, ['asked'])
}

test('whoever counts by inclusion meets every demand on the way', () => {
  for (const demand of [
    { mfa: true },
    { managedDevice: true },
    { countries: ['CH'] },
    { freshSignals: true },
    { maxRisk: 'low' },
  ] as const) {
    const words = JSON.stringify(demand)
    expect(counts(demand)[0], `${words} of the role asked for`).toMatchObject({ name: 'holder', ...demand })
    expect(counts({}, demand)[0], `${words} of one between`).toMatchObject(demand)
    expect(counts({}, {}, demand)[0], `${words} of one's own`).toMatchObject(demand)
  }
  expect(counts({})[0]).toEqual(holder())
})

test('of two demands the narrower counts, and of countries those that all name', () => {
  expect(counts({ maxRisk: 'low' }, {}, { maxRisk: 'high' })[0]).toMatchObject({ maxRisk: 'low' })
  expect(counts({ maxRisk: 'high' }, { maxRisk: 'medium' })[0]).toMatchObject({ maxRisk: 'medium' })
  expect(counts({ countries: ['CH', 'DE'] }, { countries: ['DE', 'AT'] })[0]).toMatchObject({ countries: ['DE'] })
})

test('where no country is named by all, inclusion counts for nothing', () => {
  expect(counts({ countries: ['CH'] }, { countries: ['AT'] }).map(({ name }) => name)).toEqual(['asked'])
})

test('the role that is asked for counts as it is, and nobody who only shares a role with it', () => {
  const people = [role('asked', { mfa: true }), role('other', { includes: ['shared'] }), role('shared')]
  expect(countingAs({ people }, ['asked'])).toEqual([people[0]])
})
