import { type Guard, guardsIn } from './guard.ts'

const appRoom = 'server/src/app'

/** What the server does before and after it serves. */
export const servingGuards: readonly Guard[] = guardsIn([
  // What the server does before and after it serves.
  [
    'a key set from a file is one',
    `${appRoom}/issuers`,
    'if (!Array.isArray(keys)) throw unusable(from)',
    '',
    `${appRoom}/issuers`,
    'from nothing that is no key set',
  ],
  [
    "an issuer's conditions come with it",
    `${appRoom}/issuers`,
    'return { ...stated, name,',
    "return { kind: 'oidc', audience: stated.audience, name,",
    `${appRoom}/issuers`,
    'vouches for this app alone',
  ],
  [
    'half a pair signs nothing',
    `${appRoom}/table-credentials`,
    'if (accessKeyId === undefined || secretAccessKey === undefined) {',
    'if (accessKeyId === undefined) {',
    `${appRoom}/table-credentials`,
    'half a pair is none',
  ],
  [
    'every account of a person is theirs',
    `${appRoom}/role-powers`,
    '...accountsOfPerson(app, name), ',
    '',
    `${appRoom}/role-powers`,
    'of one person are one person',
  ],
  [
    'whoever is linked to an account outside is one person with it',
    `${appRoom}/role-powers`,
    ', ...linkedWith(app, name, linked)]',
    ']',
    `${appRoom}/role-powers`,
    'linked to an account outside',
  ],
  [
    'our own state is no change of the app',
    `${appRoom}/watch`,
    "new Set(['.sallyport', ",
    'new Set([',
    `${appRoom}/watch`,
    'none of the state folder',
  ],
  [
    'one reload follows another',
    `${appRoom}/watch`,
    'reloading.then(reload).catch(trouble)',
    'reload().catch(trouble)',
    `${appRoom}/watch`,
    'one reload follows another',
  ],
  [
    'a reload that fails is told',
    `${appRoom}/watch`,
    '.then(reload).catch(trouble)',
    '.then(reload).catch(() => undefined)',
    `${appRoom}/watch`,
    'one reload follows another',
  ],
  [
    'the end waits for a reload',
    `${appRoom}/watch`,
    'return reloading\n',
    'return Promise.resolve()\n',
    `${appRoom}/watch`,
    'one reload follows another',
  ],
])
