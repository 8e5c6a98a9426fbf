import { Secret } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { mustLoad } from '../../../manifest/src/testing/example.ts'
import { tableCredentials } from './table-credentials.ts'

const pair = { 'aws-access-key-id': 'AKID', 'aws-secret-access-key': 'secret' }
const [table] = mustLoad().app.tables
const credentialsOf = (kept: Readonly<Record<string, string>>) => {
  if (table === undefined) throw new TypeError('the example has a table')
  const useSecret = (name: string): Secret<string> | undefined =>
    kept[name] === undefined ? undefined : new Secret(kept[name])
  return tableCredentials(useSecret, (name) => ({ fix: `sallyport secret set ${name}` }))(table)
}

test("a table's endpoint is called with the pair from the vault", () => {
  const real = credentialsOf(pair)
  expect([real.accessKeyId, real.secretAccessKey.reveal(), real.sessionToken]).toEqual(['AKID', 'secret', undefined])
})

test('half a pair is none, and the missing half is named', () => {
  for (const [kept, missing] of [
    [{}, 'aws-access-key-id'],
    [{ 'aws-access-key-id': 'AKID' }, 'aws-secret-access-key'],
    [{ 'aws-secret-access-key': 'secret' }, 'aws-access-key-id'],
  ] as const) {
    expect(() => credentialsOf(kept)).toThrow(
      expect.objectContaining({ code: 'secret.missing', fix: `sallyport secret set ${missing}` }),
    )
  }
})

test('the token of a session goes with its pair', () => {
  const { sessionToken } = credentialsOf({ ...pair, 'aws-session-token': 'token' })
  expect(sessionToken?.reveal()).toBe('token')
})
