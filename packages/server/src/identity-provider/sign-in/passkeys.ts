import { createHash } from 'node:crypto'

import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'

import type { Passkey, SealedStore, User, UserStore } from '../ports.ts'

/** What passkeys are made and checked with. */
export interface PasskeyOptions {
  readonly app: string
  /** The origin that a browser must have been at; its host is the relying party's id. */
  readonly issuerUrl: string
  readonly users: UserStore
  readonly store: SealedStore
  readonly nowSeconds: () => number
}

/** Passkeys (WebAuthn Level 3) of the users. Every challenge belongs to one sign-in and is used up by one answer. */
export interface Passkeys {
  /** For `navigator.credentials.create`, as JSON. */
  readonly creationOptions: (user: Pick<User, 'name' | 'passkeys'>, uid: string) => Promise<string>
  /** The passkey that an answer to these options proves, nobody's yet; undefined when it proves none. */
  readonly create: (user: Pick<User, 'passkeys'>, uid: string, answer: string) => Promise<Passkey | undefined>
  /** True when the new passkey is kept as the user's. */
  readonly add: (user: User, uid: string, answer: string) => Promise<boolean>
  /** Says whose it is, for those who sign in by it alone. */
  readonly own: (passkey: Passkey, name: string) => void
  /** For `navigator.credentials.get`, as JSON; without a user for whichever passkey the device has. */
  readonly requestOptions: (uid: string, user?: User) => Promise<string>
  /**
   * Who proved a passkey, and whether the authenticator verified them. With a user only theirs count; without one the
   * authenticator must have verified its holder, for nothing else did.
   */
  readonly prove: (uid: string, answer: string, user?: User) => Promise<User | undefined>
}

const challengeSeconds = 300
const maxAnswerLength = 12_000
/** More than anybody has devices. */
const maxPasskeys = 20
const es256 = -7
const ed25519 = -8

/** Opens the passkeys of a store. */
export function openPasskeys({ app, issuerUrl, users, store, nowSeconds }: PasskeyOptions): Passkeys {
  const { hostname: rpID, origin } = new URL(issuerUrl)
  const keep = (uid: string, purpose: string, challenge: string): void =>
    store.put(challengeKind, hashed(`${uid} ${purpose}`), challenge, nowSeconds() + challengeSeconds)
  const use = (uid: string, purpose: string): string | undefined => {
    const challenge = store.get(challengeKind, hashed(`${uid} ${purpose}`))
    store.delete(challengeKind, hashed(`${uid} ${purpose}`))
    return challenge
  }

  const own: Passkeys['own'] = ({ id }, name) => store.put(ownerKind, hashed(id), name)
  const create: Passkeys['create'] = async ({ passkeys: known = [] }, uid, answer) => {
    const expectedChallenge = use(uid, 'create')
    const response = parseAnswer(answer)
    if (expectedChallenge === undefined || response === undefined) return undefined
    const verified = await orRefused(
      verifyRegistrationResponse({
        response: response as unknown as RegistrationResponseJSON,
        expectedChallenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: true,
      }),
    )
    if (verified?.registrationInfo === undefined) return undefined
    const { credential, credentialDeviceType } = verified.registrationInfo
    // A credential id is one person's: whoever registers another's would be signed in as them, or they as this one.
    if (known.length >= maxPasskeys || store.get(ownerKind, hashed(credential.id)) !== undefined) return undefined
    return {
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      syncable: credentialDeviceType === 'multiDevice',
      createdAtSeconds: nowSeconds(),
    }
  }

  return {
    creationOptions: async (user, uid) => {
      const options = await generateRegistrationOptions({
        rpName: `Sallyport ${app}`,
        rpID,
        userName: user.name,
        userID: new Uint8Array(createHash('sha256').update(`sallyport user ${user.name}`).digest()),
        attestationType: 'none',
        excludeCredentials: (user.passkeys ?? []).map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: [es256, ed25519],
      })
      keep(uid, 'create', options.challenge)
      return JSON.stringify(options)
    },
    create,
    add: async ({ name, passkeys }, uid, answer) => {
      const passkey = await create({ passkeys: passkeys ?? [] }, uid, answer)
      const user = users.find(name)
      if (passkey === undefined || user === undefined) return false
      own(passkey, name)
      users.put({ ...user, passkeys: [...(user.passkeys ?? []), passkey] })
      return true
    },
    own,
    requestOptions: async (uid, user) => {
      const options = await generateAuthenticationOptions({
        rpID,
        userVerification: user === undefined ? 'required' : 'preferred',
        allowCredentials: (user?.passkeys ?? []).map(({ id }) => ({ id })),
      })
      keep(uid, purposeOf(user), options.challenge)
      return JSON.stringify(options)
    },
    prove: async (uid, answer, expected) => {
      const expectedChallenge = use(uid, purposeOf(expected))
      const response = parseAnswer(answer)
      const owner = response === undefined ? undefined : store.get(ownerKind, hashed(response.id))
      const user = owner === undefined ? undefined : users.find(owner)
      const passkey = user?.passkeys?.find(({ id }) => id === response?.id)
      if (expectedChallenge === undefined || response === undefined) return undefined
      if (user === undefined || passkey === undefined || user.disabled === true) return undefined
      if (expected !== undefined && expected.name !== user.name) return undefined
      const verified = await orRefused(
        verifyAuthenticationResponse({
          response: response as unknown as AuthenticationResponseJSON,
          expectedChallenge,
          expectedOrigin: origin,
          expectedRPID: rpID,
          requireUserVerification: expected === undefined,
          credential: {
            id: passkey.id,
            publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
            counter: passkey.counter,
          },
        }),
      )
      if (verified?.verified !== true) return undefined
      const { newCounter, credentialDeviceType } = verified.authenticationInfo
      // WebAuthn §6.1.3: whether a credential may be copied never changes; one that does is another one.
      if ((credentialDeviceType === 'multiDevice') !== passkey.syncable) return undefined
      const now = users.find(user.name)
      const passkeys = (now?.passkeys ?? []).map((one) =>
        one.id === passkey.id ? { ...one, counter: newCounter } : one,
      )
      if (now !== undefined) users.put({ ...now, passkeys })
      return now
    },
  }
}

const challengeKind = 'passkey-challenge'
const ownerKind = 'passkey-owner'
const purposeOf = (user: User | undefined): string => (user === undefined ? 'alone' : 'second')

/** Adversary: whoever can post a form. The library checks every member that it reads. */
function parseAnswer(answer: string): { readonly id: string } | undefined {
  if (answer.length > maxAnswerLength) return undefined
  try {
    const value: unknown = JSON.parse(answer)
    if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
    const { id } = value
    return typeof id === 'string' ? { ...value, id } : undefined
  } catch {
    return undefined // not JSON: no answer of a browser
  }
}

/** The library says no by throwing plain errors; a sign-in with a passkey is then simply refused. */
async function orRefused<T>(verdict: Promise<T>): Promise<T | undefined> {
  try {
    return await verdict
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
