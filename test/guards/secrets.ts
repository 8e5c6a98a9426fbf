import type { Guard } from './guard.ts'

const vault = 'packages/server/src/vault'
const certificates = 'packages/server/src/certificates'
const vaultTest = [`${vault}/vault.test.ts`]
const authority = [`${certificates}/authority.test.ts`]

/** Secrets are sealed, and authorities speak for their own names. */
export const secretGuards: readonly Guard[] = [
  {
    name: 'a key file that others may read is refused',
    attack: 'are taken from nobody else: the refusal names the command that mends it',
    file: `${vault}/private-files.ts`,
    code: 'if ((found.mode & 0o077) !== 0) throw',
    without: 'if (found.mode < 0) throw',
    noticedBy: vaultTest,
    testName: 'are taken from nobody else',
  },
  {
    name: 'a key file is not followed through a link',
    attack: 'are not followed through a symbolic link',
    file: `${vault}/private-files.ts`,
    code: 'constants.O_RDONLY | constants.O_NOFOLLOW',
    without: 'constants.O_RDONLY',
    noticedBy: vaultTest,
    testName: 'symbolic link',
  },
  {
    name: 'a sealed value stays in its place',
    attack: 'cannot be swapped with one another',
    file: `${vault}/envelope.ts`,
    code: '.update(JSON.stringify(pairs)).digest()',
    without: ".update('').digest()",
    noticedBy: vaultTest,
    testName: 'cannot be swapped',
  },
  {
    name: 'a changed byte unseals nothing',
    attack: 'refuses a change of any byte, and any shorter piece',
    file: `${vault}/cipher.ts`,
    code: 'return Buffer.concat([start, decipher.final()])',
    without: 'return start',
    noticedBy: vaultTest,
    testName: 'refuses a change of any byte',
  },
  {
    name: 'a nonce has its one length',
    attack: 'a nonce of another length, and a tag that is short, open nothing',
    file: `${vault}/cipher.ts`,
    code: 'if (nonce.length !== nonceBytes || ciphertext',
    without: 'if (ciphertext',
    noticedBy: [`${vault}/cipher.test.ts`],
    testName: 'a nonce of another length',
  },
  {
    name: 'no value is sealed twice to the same bytes',
    attack: 'gives back what was sealed, also after a restart, and never the same bytes twice',
    file: `${vault}/envelope.ts`,
    code: 'const nonce = random(nonceBytes)',
    without: 'const nonce = new Uint8Array(nonceBytes)',
    noticedBy: vaultTest,
    testName: 'never the same bytes twice',
  },
  {
    name: 'a row of the store stays in its place',
    attack: 'refuses a row that was moved to another place',
    file: 'packages/server/src/stores/store.ts',
    code: "return { purpose: 'store', kind, id }",
    without: "return { purpose: 'store', kind, id: '' }",
    noticedBy: ['packages/server/src/stores/store.test.ts'],
    testName: 'moved to another place',
  },
  {
    name: 'a secret does not show itself',
    attack: 'doors.find-key',
    file: 'packages/core/src/access/secret.ts',
    code: "toJSON(): string {\n    return '[secret]'",
    without: 'toJSON(): string {\n    return String(values.get(this))',
    noticedBy: ['packages/core/src/access/secret.test.ts'],
  },
  {
    name: 'an authority makes no leaf for a name that is not its own',
    attack: 'a leaf for any other name is not made',
    file: `${certificates}/authority.ts`,
    code: 'if (stray !== undefined || names.length === 0) {',
    without: 'if (names.length === 0) {',
    noticedBy: authority,
    testName: 'for any other name is not made',
  },
  {
    name: 'a stolen authority speaks for its own names only',
    attack: 'a leaf for another name, made with the stolen key, is refused by the client itself',
    file: `${certificates}/authority.ts`,
    code: 'nameConstraints(permittedNames),',
    without: '',
    noticedBy: authority,
    testName: 'made with the stolen key',
  },
]
