import { randomUUID } from 'node:crypto'

import { decodeJwt, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { codeOf, type Programs, startPrograms } from '../testing/programs.ts'
import { openVisit } from '../testing/visitor.ts'

let programs: Programs
beforeAll(async () => {
  programs = await startPrograms()
})
afterAll(() => programs.provider.close())

const discover: Programs['discover'] = (...args) => programs.discover(...args)
const byKey: Programs['byKey'] = () => programs.byKey()
const signIn: Programs['signIn'] = (...args) => programs.signIn(...args)

describe('openid-client', () => {
  test('signs somebody in and refreshes; a refresh token that is used again ends the session', async () => {
    const command = await discover('sallyport-cli')
    const first = await signIn(command)
    const { refresh_token: one = '', access_token } = first
    expect(first.claims()?.sub).toBe('alice')
    const facts = decodeJwt(access_token)
    const second = await client.refreshTokenGrant(command, one)
    expect(decodeJwt(second.access_token)).toMatchObject({
      sid: facts['sid'],
      auth_time: facts['auth_time'],
      amr: facts['amr'],
      roles: ['customer'],
    })
    const { refresh_token: two = '' } = second
    expect(two).not.toBe(one)
    expect(programs.provider.ended).not.toContain(facts['sid'])
    expect(await codeOf(client.refreshTokenGrant(command, one))).toBe('invalid_grant')
    expect(programs.provider.ended).toContain(facts['sid'])
    expect(await codeOf(client.refreshTokenGrant(command, two))).toBe('invalid_grant')
  })

  test('gets no refresh token that it did not ask for, and none for somebody who was put out', async () => {
    const command = await discover('sallyport-cli')
    expect((await signIn(command, { parameters: { scope: 'openid call' } })).refresh_token).toBeUndefined()
    const { refresh_token: token = '' } = await signIn(command, { user: 'bob' })
    const bob = programs.provider.users.find('bob')
    if (bob === undefined) throw new Error('no bob')
    programs.provider.users.put({ ...bob, disabled: true })
    expect(await codeOf(client.refreshTokenGrant(command, token))).toBe('invalid_grant')
    programs.provider.users.put(bob)
    expect(await codeOf(client.refreshTokenGrant(command, token))).toBe('accepted')
  })

  test('revokes a refresh token (RFC 7009), and with it the session', async () => {
    const command = await discover('sallyport-cli')
    const { refresh_token: token = '', access_token } = await signIn(command)
    await client.tokenRevocation(command, token)
    expect(programs.provider.ended).toContain(decodeJwt(access_token)['sid'])
    expect(await codeOf(client.refreshTokenGrant(command, token))).toBe('invalid_grant')
  })

  test('signs in for a device that has no browser, once its code was typed by somebody who signed in', async () => {
    const command = await discover('sallyport-cli')
    const device = await client.initiateDeviceAuthorization(command, { scope: 'openid offline_access call' })
    expect(device.user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/)
    const granted = client.pollDeviceAuthorizationGrant(command, { ...device, interval: 1 })
    const visitor = openVisit(programs.provider)
    const form = (await visitor.send('GET', '/device')).body
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? ''
    const unknown = await visitor.submit('/device', { xsrf, user_code: 'BBBB-BBBB' })
    expect(unknown.body).toMatch(/role="alert">That code is not known/)
    const again = /name="xsrf" value="([^"]+)"/.exec(unknown.body)?.[1] ?? ''
    const confirm = await visitor.submit('/device', { xsrf: again, user_code: device.user_code })
    expect(confirm.body).toMatch(/Go on only if you started this yourself/)
    const fields = { xsrf: again, user_code: device.user_code, confirm: 'yes' }
    const { location: path } = await visitor.submit('/device', fields)
    expect(path).toMatch(/^\/interaction\//)
    await visitor.submit(`${path}/password`, {
      user: 'alice',
      password: visitor.passwordOf('alice'),
      device_assertion: '',
    })
    const { location } = await visitor.submit(`${path}/without-second-factor`, {})
    expect((await visitor.send('GET', new URL(location).pathname)).body).toMatch(/You are signed in/)
    const tokens = await granted
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'alice', amr: ['pwd'] })
    expect(tokens.refresh_token).toBeDefined()
  })

  test('is told when a person says that the device is not theirs', async () => {
    const command = await discover('sallyport-cli')
    const device = await client.initiateDeviceAuthorization(command, { scope: 'openid call' })
    const granted = codeOf(client.pollDeviceAuthorizationGrant(command, { ...device, interval: 1 }))
    const visitor = openVisit(programs.provider)
    const xsrf = /name="xsrf" value="([^"]+)"/.exec((await visitor.send('GET', '/device')).body)?.[1] ?? ''
    const left = await visitor.submit('/device', { xsrf, user_code: device.user_code, abort: 'yes' })
    expect(left.body).toMatch(/role="alert">The device was not connected/)
    expect(await granted).toBe('access_denied')
    const again = /name="xsrf" value="([^"]+)"/.exec(left.body)?.[1] ?? ''
    const empty = await visitor.submit('/device', { xsrf: again, user_code: '' })
    expect(empty.body).toMatch(/role="alert">Enter the code that the device shows/)
  })

  test('gets a token for a program that proves itself by its key (RFC 7523), and no other program does', async () => {
    const tokens = await client.clientCredentialsGrant(await discover('reports', byKey()))
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      sub: 'reports',
      client_id: 'reports',
      roles: ['reporter'],
      amr: ['swk'],
      aud: programs.provider.audience,
    })
    const { privateKey } = await generateKeyPair('ES256')
    const stranger = await discover('reports', client.PrivateKeyJwt({ key: privateKey, kid: 'k1' }))
    expect(await codeOf(client.clientCredentialsGrant(stranger))).toBe('invalid_client')
    expect(await codeOf(client.clientCredentialsGrant(await discover('reports')))).toBe('invalid_client')
    expect(await codeOf(client.clientCredentialsGrant(await discover('sallyport-cli')))).toBe('invalid_request')
  })

  test('gets no token for a program by the name of somebody who was there before', async () => {
    const { users } = programs.provider
    const reports = await discover('reports', byKey())
    users.put({ name: 'reports', roles: ['admin'], devices: [] })
    expect(await codeOf(client.clientCredentialsGrant(reports))).toBe('unauthorized_client')
    users.remove('reports')
    expect(await codeOf(client.clientCredentialsGrant(reports))).toBe('accepted')
  })

  test('pushes its requests (RFC 9126), which a program with a key must', async () => {
    const shop = await discover('shop', byKey())
    const redirect = 'https://shop.example/callback'
    const tokens = await signIn(shop, { redirect })
    expect(tokens.claims()?.sub).toBe('alice')
    const plain = client.buildAuthorizationUrl(shop, {
      redirect_uri: redirect,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const { location } = await openVisit(programs.provider).send('GET', plain.pathname + plain.search)
    expect(location).toMatch(/error=invalid_request/)
  })

  test('signs out (RP-initiated): the session ends, and only a declared address is gone to', async () => {
    const shop = await discover('shop', byKey())
    const tokens = await signIn(shop, { redirect: 'https://shop.example/callback' })
    const { id_token = '', access_token } = tokens
    const out = (parameters: Record<string, string>): URL => client.buildEndSessionUrl(shop, parameters)
    const visitor = openVisit(programs.provider)
    const get = (address: URL): ReturnType<typeof visitor.send> =>
      visitor.send('GET', address.pathname + address.search)
    const sid = decodeJwt(access_token)['sid']
    for (const parameters of [
      {},
      { id_token_hint: access_token },
      { id_token_hint: `${id_token.slice(0, -4)}AAAA` },
      { id_token_hint: id_token, post_logout_redirect_uri: 'https://evil.example/' },
    ]) {
      expect((await get(out(parameters))).status).toBe(400)
    }
    expect(programs.provider.ended).not.toContain(sid)
    const done = await get(
      out({ id_token_hint: id_token, post_logout_redirect_uri: 'https://shop.example/bye', state: 's 1' }),
    )
    expect([done.status, done.location]).toEqual([303, 'https://shop.example/bye?state=s+1'])
    expect(programs.provider.ended).toContain(sid)
  })

  test('binds tokens to a key (RFC 9449), through refreshing as well', async () => {
    const command = await discover('sallyport-cli')
    const DPoP = client.getDPoPHandle(command, await client.randomDPoPKeyPair('ES256'))
    const tokens = await signIn(command, { DPoP })
    expect(tokens.token_type).toBe('dpop')
    const { cnf } = decodeJwt<{ cnf: { jkt: string } }>(tokens.access_token)
    expect(cnf.jkt).toMatch(/^[\w-]{43}$/)
    const { refresh_token: token = '' } = tokens
    expect(await codeOf(client.refreshTokenGrant(command, token))).toBe('invalid_grant')
    const other = client.getDPoPHandle(command, await client.randomDPoPKeyPair('ES256'))
    expect(await codeOf(client.refreshTokenGrant(command, token, {}, { DPoP: other }))).toBe('invalid_grant')
    const next = await client.refreshTokenGrant(command, token, {}, { DPoP })
    expect(decodeJwt(next.access_token)).toMatchObject({ cnf })
  })

  test('gets no bearer token for a program whose tokens are to be bound', async () => {
    const bound = await discover('bound', byKey())
    expect(await codeOf(client.clientCredentialsGrant(bound))).toMatch(/invalid_(grant|dpop_proof)/)
    const DPoP = client.getDPoPHandle(bound, await client.randomDPoPKeyPair('ES256'))
    const tokens = await client.clientCredentialsGrant(bound, {}, { DPoP })
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'bound', cnf: { jkt: expect.any(String) } })
  })
})

describe('oauth4webapi', () => {
  const server = async (): Promise<oauth.AuthorizationServer> => {
    const issuer = new URL(programs.provider.issuerUrl)
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options()))
  }
  const options = (): { [oauth.customFetch]: (url: string, init: object) => Promise<Response> } => ({
    [oauth.customFetch]: (url, init) => programs.trusting(url, init),
  })

  test('completes a pushed code flow with a bound token, and refuses a replayed proof of itself', async () => {
    const as = await server()
    const shop: oauth.Client = { client_id: 'shop' }
    const auth = oauth.PrivateKeyJwt({ key: programs.key, kid: 'k1' })
    const DPoP = oauth.DPoP(shop, await oauth.generateKeyPair('ES256'))
    const verifier = oauth.generateRandomCodeVerifier()
    const redirect = 'https://shop.example/callback'
    const parameters = new URLSearchParams({
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'openid call',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const pushed = await oauth.processPushedAuthorizationResponse(
      as,
      shop,
      await oauth.pushedAuthorizationRequest(as, shop, auth, parameters, { ...options(), DPoP }),
    )
    const address = new URL(as.authorization_endpoint ?? '')
    address.search = new URLSearchParams({ client_id: 'shop', request_uri: pushed.request_uri }).toString()
    const callback = new URL(await openVisit(programs.provider).authorize(address.href, 'alice'))
    const answer = oauth.validateAuthResponse(as, shop, callback, oauth.expectNoState)
    const redeem = (): Promise<Response> =>
      oauth.authorizationCodeGrantRequest(as, shop, auth, answer, redirect, verifier, { ...options(), DPoP })
    const tokens = await oauth.processAuthorizationCodeResponse(as, shop, await redeem(), { requireIdToken: true })
    expect([tokens.token_type, decodeJwt(tokens.access_token)['sub']]).toEqual(['dpop', 'alice'])
    expect((await redeem()).status).toBe(400)
  })

  /** How the provider answers a program whose proof of its key says this. */
  async function askWith(changes: object): Promise<number> {
    const change = (_: unknown, payload: object): void => void Object.assign(payload, changes)
    const auth = oauth.PrivateKeyJwt({ key: programs.key, kid: 'k1' }, { [oauth.modifyAssertion]: change })
    const as = await server()
    return (await oauth.clientCredentialsGrantRequest(as, { client_id: 'reports' }, auth, {}, options())).status
  }

  test('cannot use one assertion of its key twice', async () => {
    const assertion = { jti: randomUUID() }
    expect([await askWith(assertion), await askWith(assertion)]).toEqual([200, 401])
  })

  test('proves its key to this provider alone, by its one name, and for a moment', async () => {
    const { issuer, token_endpoint: endpoint } = await server()
    const now = Math.floor(Date.now() / 1_000)
    expect(await askWith({ aud: issuer, exp: now + 300 })).toBe(200)
    for (const aud of [endpoint, [issuer], [issuer, 'https://other.example'], 'https://other.example', `${issuer}/`]) {
      expect(await askWith({ aud }), String(aud)).toBe(401)
    }
    for (const exp of [now + 3_600, now - 3_600, String(now + 60)]) expect(await askWith({ exp }), `${exp}`).toBe(401)
  })

  test('finds no way to register, and no method that shares a secret', async () => {
    const as = await server()
    expect(as.registration_endpoint).toBeUndefined()
    expect(as.token_endpoint_auth_methods_supported?.toSorted()).toEqual(['none', 'private_key_jwt'])
    expect(as.code_challenge_methods_supported).toEqual(['S256'])
    expect(as['dpop_signing_alg_values_supported']).toEqual(['ES256', 'Ed25519', 'EdDSA'])
  })
})
