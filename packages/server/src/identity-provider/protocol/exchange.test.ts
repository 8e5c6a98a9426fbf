import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { codeOf, type Programs, startPrograms } from '../testing/programs.ts'

let programs: Programs
beforeAll(async () => {
  programs = await startPrograms()
})
afterAll(() => programs.provider.close())

const discover: Programs['discover'] = (...args) => programs.discover(...args)
const byKey: Programs['byKey'] = () => programs.byKey()
const signIn: Programs['signIn'] = (...args) => programs.signIn(...args)

describe('an exchange of tokens (RFC 8693)', () => {
  const exchange = async (
    by: client.Configuration,
    subject: string,
    more: Record<string, string> = {},
    DPoP?: client.DPoPHandle,
  ): Promise<Record<string, unknown>> => {
    const parameters = {
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...more,
    }
    const made = await client.genericGrantRequest(
      by,
      'urn:ietf:params:oauth:grant-type:token-exchange',
      parameters,
      DPoP === undefined ? {} : { DPoP },
    )
    return { ...decodeJwt<object>(made.access_token), raw: made.access_token }
  }

  test('gives a shorter token that names who acts, and nothing more than the subject had', async () => {
    const { access_token: subject } = await signIn(await discover('sallyport-cli'))
    const reports = await discover('reports', byKey())
    const { sub, sid, auth_time, roles } = decodeJwt(subject)
    const made = await exchange(reports, subject)
    expect(made).toMatchObject({ sub, sid, auth_time, roles, client_id: 'reports', act: { sub: 'reports' } })
    expect(Number(made['exp']) - Number(made['iat'])).toBeLessThanOrEqual(300)
    expect(made['device']).toBeUndefined()
    expect(await codeOf(exchange(reports, subject, { scope: 'call admin' }))).toBe('invalid_scope')
    expect(await codeOf(exchange(reports, subject, { audience: 'urn:other' }))).toBe('invalid_target')
    expect(await codeOf(exchange(reports, `${subject.slice(0, -6)}AAAAAA`))).toBe('invalid_grant')
    const own = (await client.clientCredentialsGrant(reports)).access_token
    expect(await codeOf(exchange(reports, own))).toBe('invalid_request')
    expect(await codeOf(exchange(await discover('sallyport-cli'), subject))).toBe('invalid_request')
    const called = (type: string): Record<string, string> => ({
      subject_token_type: `urn:ietf:params:oauth:token-type:${type}`,
    })
    expect(await exchange(reports, subject, called('jwt'))).toMatchObject({ sub, act: { sub: 'reports' } })
    expect(await codeOf(exchange(reports, subject, called('id_token')))).toBe('invalid_request')
  })

  test('gives out access tokens alone, to the program that asks, for this audience', async () => {
    const { access_token: subject } = await signIn(await discover('sallyport-cli'))
    const reports = await discover('reports', byKey())
    const kind = 'urn:ietf:params:oauth:token-type:'
    const good = { requested_token_type: `${kind}access_token`, audience: 'urn:sallyport:checkout' }
    expect(await exchange(reports, subject, good)).toMatchObject({ act: { sub: 'reports' } })
    const refusedFor = (more: Record<string, string>): Promise<unknown> => codeOf(exchange(reports, subject, more))
    expect(await refusedFor({ requested_token_type: `${kind}refresh_token` })).toBe('invalid_request')
    expect(await refusedFor({ actor_token: subject, actor_token_type: `${kind}access_token` })).toBe('invalid_request')
    expect(await refusedFor({ resource: 'urn:other' })).toBe('invalid_target')
    expect(await refusedFor({ subject_token: '' })).toBe('invalid_request')
  })

  test('gives no bearer token for a proof that does not hold', async () => {
    const { access_token: subject } = await signIn(await discover('sallyport-cli'))
    const reports = await discover('reports', byKey())
    const ask = reports[client.customFetch]
    let dpop = {}
    reports[client.customFetch] = (address, options) =>
      ask?.(address, { ...options, headers: { ...options.headers, ...dpop } }) ?? Promise.reject(new Error('no fetch'))
    expect(await exchange(reports, subject)).toMatchObject({ act: { sub: 'reports' } })
    dpop = { dpop: 'no.proof.atall' }
    expect(await codeOf(exchange(reports, subject))).toBe('invalid_dpop_proof')
  })

  test('takes along no role that was taken away meanwhile, and nobody who was put out', async () => {
    const { access_token: subject } = await signIn(await discover('sallyport-cli'), { user: 'ada' })
    const reports = await discover('reports', byKey())
    const ada = programs.provider.users.find('ada')
    if (ada === undefined) throw new Error('no ada')
    programs.provider.users.put({ ...ada, roles: ['other'] })
    expect(await exchange(reports, subject)).toMatchObject({ roles: [] })
    programs.provider.users.put({ ...ada, disabled: true })
    expect(await codeOf(exchange(reports, subject))).toBe('invalid_grant')
    programs.provider.users.put(ada)
  })

  test('of a bound token gives one that is bound to the key proved, and never a bearer token', async () => {
    const command = await discover('sallyport-cli')
    const DPoP = client.getDPoPHandle(command, await client.randomDPoPKeyPair('ES256'))
    const { access_token: subject } = await signIn(command, { DPoP })
    const reports = await discover('reports', byKey())
    expect(await codeOf(exchange(reports, subject))).toBe('invalid_dpop_proof')
    const own = client.getDPoPHandle(reports, await client.randomDPoPKeyPair('ES256'))
    const made = await exchange(reports, subject, {}, own)
    expect(made).toMatchObject({ cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) } })
    expect(made['cnf']).not.toEqual(decodeJwt(subject)['cnf'])
    const bound = await discover('bound', byKey())
    const { access_token: plain } = await signIn(command)
    expect(await codeOf(exchange(bound, plain))).toBe('invalid_dpop_proof')
  })

  test('goes on for four programs and no further', async () => {
    const { access_token } = await signIn(await discover('sallyport-cli'))
    const reports = await discover('reports', byKey())
    let subject = access_token
    for (let actors = 0; actors < 4; actors++) subject = String((await exchange(reports, subject))['raw'])
    expect(decodeJwt(subject)).toMatchObject({ act: { act: { act: { act: { sub: 'reports' } } } } })
    expect(await codeOf(exchange(reports, subject))).toBe('invalid_grant')
  })
})
