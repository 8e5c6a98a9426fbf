import { expect, test } from 'vitest'

import { edited, exampleText, faultsOf, mustLoad } from '../testing/example.ts'
import { accountsOfPerson } from './persons.ts'

const pool = edited(
  'locations:',
  '  pool:\n    authorizer: { type: COGNITO_USER_POOLS, cognitoUserPools: [us-east-1_abc123] }\nlocations:',
)
const withPersons = (persons: string): string => edited('secrets: {', `persons: ${persons}\nsecrets: {`, pool)

test('accounts of one name at several issuers are one person until the manifest tells them apart', () => {
  const { app } = mustLoad(pool)
  expect(accountsOfPerson(app, 'ada').toSorted()).toEqual(['ada', 'pool:ada'])
  expect(accountsOfPerson(app, 'pool:ada').toSorted()).toEqual(['ada', 'pool:ada'])
  expect(accountsOfPerson(mustLoad(exampleText).app, 'ada')).toEqual(['ada'])
  const apart = mustLoad(withPersons('{ lovelace: [ada], byron: ["pool:ada"] }')).app
  expect(accountsOfPerson(apart, 'ada')).toEqual(['ada'])
  expect(accountsOfPerson(apart, 'pool:ada')).toEqual(['pool:ada'])
})

test('accounts that the manifest links are one person, whichever one is asked about', () => {
  const { app } = mustLoad(withPersons('{ lovelace: [ada, grace, "pool:countess"] }'))
  for (const account of ['ada', 'grace', 'pool:countess']) {
    expect(accountsOfPerson(app, account)).toEqual(['ada', 'grace', 'pool:countess'])
  }
  expect(accountsOfPerson(app, 'bob').toSorted()).toEqual(['bob', 'pool:bob'])
})

test('an account belongs to one person only', () => {
  expect(faultsOf(withPersons('{ one: [ada], two: [ada] }')).map(({ code }) => code)).toEqual([
    'manifest.duplicate_name',
  ])
})

test('a webhook is an https address, or a loopback one', () => {
  const told = (address: string): readonly string[] =>
    faultsOf(edited('secrets: {', `notify: { elevation: "${address}" }\nsecrets: {`)).map(({ code }) => code)
  expect(told('https://chat.example/hooks/1')).toEqual([])
  expect(told('http://127.0.0.1:9/hooks')).toEqual([])
  for (const address of ['http://chat.example/', 'https://169.254.169.254/latest', 'ftp://chat.example/']) {
    expect(told(address), address).toEqual(['manifest.insecure_upstream'])
  }
})
