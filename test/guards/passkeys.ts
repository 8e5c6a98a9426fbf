import type { Guard } from './guard.ts'

/** What it keeps out, where it stands, its code, what stands there without it, who notices, and the case that fails. */
type Row = readonly [name: string, file: string, code: string, without: string, noticedBy: string, test: string]

const rows: readonly Row[] = [
  [
    'a challenge of a passkey is used up',
    'server/src/identity-provider/sign-in/passkeys.ts',
    '    store.delete(challengeKind, hashed(`${uid} ${purpose}`))\n',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'counts once',
  ],
  [
    'a passkey is made at our own address',
    'server/src/identity-provider/sign-in/passkeys.ts',
    '\n        expectedOrigin: origin,',
    '\n        expectedOrigin: [origin, `${origin}.evil.example`],',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes none elsewhere, unverified, or at great length',
  ],
  [
    'a passkey proves at our own address',
    'server/src/identity-provider/sign-in/passkeys.ts',
    '\n          expectedOrigin: origin,',
    '\n          expectedOrigin: [origin, `${origin}.evil.example`],',
    'server/src/identity-provider/sign-in/passkey-answers',
    'proves nobody elsewhere',
  ],
  [
    'a passkey is made by who was verified',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'requireUserVerification: true,',
    'requireUserVerification: false,',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes none elsewhere, unverified, or at great length',
  ],
  [
    'a passkey alone proves who was verified',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'requireUserVerification: expected === undefined,',
    'requireUserVerification: false,',
    'server/src/identity-provider/sign-in/passkey-answers',
    'proves nobody unverified',
  ],
  [
    'somebody has so many passkeys',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'known.length >= maxPasskeys || ',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes no more passkeys than anybody has devices',
  ],
  [
    'a passkey is one person’s',
    'server/src/identity-provider/sign-in/passkeys.ts',
    ' || store.get(ownerKind, hashed(credential.id)) !== undefined',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes nobody’s passkey another’s',
  ],
  [
    'who is switched off signs in by no passkey',
    'server/src/identity-provider/sign-in/passkeys.ts',
    ' || user.disabled === true',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'proves nobody who is switched off',
  ],
  [
    'a second factor is the passkey of who signs in',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'if (expected !== undefined && expected.name !== user.name) return undefined',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'is no second factor of somebody else',
  ],
  [
    'a passkey is believed once it is verified',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'if (verified?.verified !== true) return undefined',
    'if (verified === undefined) return undefined',
    'server/src/identity-provider/sign-in/passkey-answers',
    'proves nobody with another’s signature',
  ],
  [
    'a passkey does not become one that can be copied',
    'server/src/identity-provider/sign-in/passkeys.ts',
    "if ((credentialDeviceType === 'multiDevice') !== passkey.syncable) return undefined",
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'proves nobody by one that can be copied all at once',
  ],
  [
    'an answer of a browser is no longer than any',
    'server/src/identity-provider/sign-in/passkeys.ts',
    'if (answer.length > maxAnswerLength) return undefined',
    '',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes none elsewhere, unverified, or at great length',
  ],
  [
    'the count of a passkey is kept',
    'server/src/identity-provider/sign-in/passkeys.ts',
    '{ ...one, counter: newCounter }',
    'one',
    'server/src/identity-provider/sign-in/passkey-answers',
    'makes a passkey that proves its person, alone and as a second factor',
  ],
]

/** What is believed of a passkey, alone or as a second factor. */
export const passkeyGuards: readonly Guard[] = rows.map(([name, file, code, without, noticedBy, testName]) => ({
  name,
  attack: testName,
  file: `packages/${file}`,
  code,
  without,
  noticedBy: [`packages/${noticedBy}.test.ts`],
  testName,
}))
