import { generateKeyPairSync, sign } from 'node:crypto'

import type { Attack } from '../attack.ts'
import { sendRaw } from '../world/client.ts'
import { fixtureIssuerUrl, tampered, unsigned } from '../world/fixture-issuer.ts'
import { attemptOf, attemptOfAll, controlOf } from '../verdicts.ts'
import type { World } from '../world/world.ts'

/** One request to the app under attack, with this token. */
async function call(world: World, token: string | undefined): ReturnType<World['request']> {
  return world.edge.call(token === undefined ? {} : { token })
}

const genuine = {
  controls: 'the same request with the genuine token',
  control: async (world: World) => controlOf(await call(world, await world.edge.token())),
}

/** One request to the hostile app, whose second issuer's key the attack owns. */
const fixtureCall = (world: World, token: string): ReturnType<World['request']> =>
  world.request({ path: '/do', body: '{"do":"wait","ms":1}', token })

const fixtureControl = {
  controls: 'a token of the same pool, made a moment ago for this client',
  control: async (world: World) => controlOf(await fixtureCall(world, world.fixture.token())),
}

/** Credentials that are absent, forged, stale or somebody else's. */
export const tokenAttacks: readonly Attack[] = [
  {
    name: 'tokens.none',
    tries: 'a request without any token',
    stoppedBy: 'door',
    expected: ['token.missing'],
    run: async (world) => attemptOf(await call(world, undefined)),
    ...genuine,
  },
  {
    name: 'tokens.garbage',
    tries: 'a token that is no token',
    stoppedBy: 'door',
    expected: ['token.malformed'],
    run: async (world) => attemptOf(await call(world, 'x'.repeat(200))),
    ...genuine,
  },
  {
    name: 'tokens.alg-none',
    tries: 'the genuine token with alg "none" and its signature cut off (RFC 8725 §2.1)',
    stoppedBy: 'door',
    expected: ['token.algorithm', 'token.malformed', 'token.header'],
    run: async (world) => attemptOf(await call(world, unsigned(await world.edge.token()))),
    ...genuine,
  },
  {
    name: 'tokens.tampered',
    tries: 'the genuine token with another role written into it',
    stoppedBy: 'door',
    expected: ['token.signature'],
    run: async (world) =>
      attemptOf(await call(world, tampered(await world.edge.token(), { claims: { roles: ['admin'] } }))),
    ...genuine,
  },
  {
    name: 'tokens.own-key',
    tries: 'the genuine token, signed anew with a key of the attacker under the same key id',
    stoppedBy: 'door',
    expected: ['token.signature'],
    run: async (world) => attemptOf(await call(world, resigned(await world.edge.token()))),
    ...genuine,
  },
  {
    name: 'tokens.embedded-key',
    tries: 'a token that brings its own key along in the header (CVE-2018-0114)',
    stoppedBy: 'door',
    expected: ['token.header', 'token.signature'],
    run: async (world) => attemptOf(await call(world, resigned(await world.edge.token(), true))),
    ...genuine,
  },
  {
    name: 'tokens.two-headers',
    tries: 'two Authorization headers, the genuine one and a forged one',
    stoppedBy: 'door',
    expected: ['request.duplicate_header', 'token.duplicated'],
    run: async (world) => {
      const token = await world.edge.token()
      const { method, path, authority } = world.edge
      const head = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n`
      const both = `authorization: Bearer ${token}\r\nauthorization: Bearer ${unsigned(token)}\r\n\r\n`
      return attemptOfAll(await sendRaw(world.edge.app, head + both))
    },
    ...genuine,
  },
  {
    name: 'tokens.in-query',
    tries: 'the genuine token as a query parameter',
    stoppedBy: 'door',
    expected: ['token.missing'],
    run: async (world) => {
      const path = `${world.edge.path}?access_token=${await world.edge.token()}`
      return attemptOf(await world.edge.call({ path }))
    },
    ...genuine,
  },
  {
    name: 'tokens.expired',
    tries: 'a genuinely issued token, ten minutes after its end',
    stoppedBy: 'door',
    expected: ['token.expired'],
    run: async (world) => {
      const now = Math.floor(world.nowMs() / 1000)
      const claims = { iat: now - 4200, auth_time: now - 4200, exp: now - 600 }
      return attemptOf(await fixtureCall(world, world.fixture.token({ claims })))
    },
    ...fixtureControl,
  },
  {
    name: 'tokens.not-yet',
    tries: 'a genuinely issued token that begins in ten minutes',
    stoppedBy: 'door',
    expected: ['token.not_yet_valid'],
    run: async (world) => {
      const now = Math.floor(world.nowMs() / 1000)
      return attemptOf(await fixtureCall(world, world.fixture.token({ claims: { nbf: now + 600, exp: now + 1200 } })))
    },
    ...fixtureControl,
  },
  {
    name: 'tokens.wrong-audience',
    tries: 'a genuinely issued token that was made for another client',
    stoppedBy: 'door',
    expected: ['token.wrong_client', 'token.wrong_audience'],
    run: async (world) =>
      attemptOf(await fixtureCall(world, world.fixture.token({ claims: { client_id: 'another-shop' } }))),
    ...fixtureControl,
  },
  {
    name: 'tokens.other-app',
    tries: 'the token of a user of another app, under this app’s gateway',
    stoppedBy: 'door',
    expected: ['token.wrong_issuer', 'token.unknown_key', 'token.signature', 'token.wrong_audience'],
    run: async (world) =>
      attemptOf(await call(world, world.fixture.token({ claims: { iss: `${fixtureIssuerUrl}x` } }))),
    ...genuine,
  },
  {
    name: 'tokens.id-token',
    tries: 'an ID token in the place of an access token',
    stoppedBy: 'door',
    expected: ['token.type', 'token.claims'],
    run: async (world) => {
      const claims = { token_use: 'id', aud: 'hostile-client' }
      return attemptOf(await fixtureCall(world, world.fixture.token({ claims })))
    },
    ...fixtureControl,
  },
  {
    name: 'tokens.confusion',
    tries: 'a token signed by HMAC with the issuer’s public key as the secret (RFC 8725 §2.1)',
    stoppedBy: 'door',
    expected: ['token.algorithm'],
    run: async (world) => attemptOf(await fixtureCall(world, world.fixture.confusedToken())),
    ...fixtureControl,
  },
]

/** The token's own header and claims under a fresh key of the attacker, which the header may bring along. */
function resigned(token: string, embedKey = false): string {
  const [head = '', body = ''] = token.split('.')
  // A token that we were given ourselves.
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; kid: string }
  const ed = header.alg === 'EdDSA'
  const { privateKey, publicKey } = ed
    ? generateKeyPairSync('ed25519')
    : header.alg.startsWith('ES')
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = embedKey ? { jwk: publicKey.export({ format: 'jwk' }) } : {}
  const input = `${Buffer.from(JSON.stringify({ ...header, ...jwk })).toString('base64url')}.${body}`
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${input}.${sign(ed ? null : 'sha256', Buffer.from(input), key).toString('base64url')}`
}
