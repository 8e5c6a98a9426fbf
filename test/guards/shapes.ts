import type { Guard } from './guard.ts'

const secret = 'packages/manifest/src/read/looks-secret.ts'
const login = 'packages/cli/src/login/device-login.ts'
const load = 'packages/server/src/app/load.ts'
const state = 'packages/server/src/operation/state-folder.ts'
const secrets = ['packages/manifest/src/read/looks-secret.test.ts']
const logins = ['packages/cli/src/login/device-login.test.ts']
const loads = ['packages/server/src/app/load.test.ts']
const states = ['packages/server/src/operation/state-folder.test.ts']

/** What a secret looks like, by the pattern's own source. */
const shapes: readonly (readonly [what: string, pattern: string])[] = [
  ['a Stripe key', String.raw`/\b[srp]k_(?:live|test)_[A-Za-z0-9]{6,}/`],
  ['a webhook secret', String.raw`/\bwhsec_[A-Za-z0-9+/=]{10,}/`],
  ['an AWS access key', String.raw`/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/`],
  ['a private key', String.raw`/-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----/`],
  ['a GitHub token', String.raw`/\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/`],
  ['a Slack token', String.raw`/\bxox[abeoprs]-[A-Za-z0-9-]{10,}/`],
  ['a Google key', String.raw`/\bAIza[A-Za-z0-9_-]{30,}/`],
  ['an npm token', String.raw`/\bnpm_[A-Za-z0-9]{30,}/`],
  ['an API key', String.raw`/\bsk-[A-Za-z0-9_-]{20,}/`],
  ['a JSON web token', String.raw`/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\./`],
  ['a URL with a password', String.raw`/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i`],
]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

/** What is told by its shape: secrets in a manifest, tokens that come back, manifests, and folders of ours. */
export const shapeGuards: readonly Guard[] = [
  ...shapes.map(([what, pattern]) => ({
    name: `${what} in a manifest is told by its shape`,
    attack: 'a value that looks like a secret is refused in env and at a door',
    file: secret,
    code: `pattern: ${pattern} }`,
    without: 'pattern: /^(?!)/ }',
    noticedBy: secrets,
    testName: `${what} is told by its shape`,
  })),
  ...rows(secret, secrets, 'a value that looks like a secret is refused in env and at a door', [
    [
      'a long random value in a manifest is told by its letters',
      "return longAndRandom(value) ? 'a long random value' : undefined",
      'return undefined',
      'a long random value is told',
    ],
    ['short runs are no secrets', 'run.length < 20 || ', '', 'are no secrets'],
    [
      'words and numbers are no secrets',
      'if (!/\\d/.test(run) || !/[A-Za-z]/.test(run)) return false',
      '',
      'are no secrets',
    ],
    [
      'even runs are no secrets',
      'return bitsPerCharacter(run) >= 3',
      'return bitsPerCharacter(run) >= 0',
      'are no secrets',
    ],
  ]),
  ...rows(login, logins, 'an issuer that was taken over gives tokens that anybody can use', [
    [
      'a token that is bound to nothing is not kept',
      "if (answer['token_type'] !== 'DPoP') throw protocol('the access token is bound to nothing')",
      '',
      'a token that is bound to no key',
    ],
    ['a token that is none is not kept', 'accessToken === undefined || typeof', 'typeof', 'a token that is none'],
    [
      'a token ends at a time that is known',
      " || typeof expiresIn !== 'number') throw protocol('no access token came back')",
      ") throw protocol('no access token came back')",
      'a token that ends nobody knows when',
    ],
    [
      'an answer of the issuer is an object',
      "if (!isRecord(value)) throw protocol('an answer is no object')",
      '',
      'a token in what is no object',
    ],
    [
      'a fault of the issuer quotes nothing',
      "throw protocol('an answer is no JSON')",
      'throw protocol(body)',
      'quotes no token',
    ],
    [
      'a sign-in that could not be ended is told',
      'if (answer.status !== 200) throw protocol(',
      'if (answer.status < 0) throw protocol(',
      'one that could not be ended is told',
    ],
    [
      'a sign-in that is over is not renewed',
      'return answer.status === 200 ? loginIn(issuer, parse(answer), key) : undefined',
      'return loginIn(issuer, parse(answer), key)',
      'a sign-in that is over is none',
    ],
    [
      'a sign-in waits until its code is over, and no longer',
      "throw refused('nobody entered the code in time')",
      "throw protocol('nobody entered the code in time')",
      'that the person refuses',
    ],
  ]),
  ...rows(load, loads, 'an app runs by a manifest that does not hold', [
    [
      'a manifest with faults is not put into force',
      'if (!read.ok) throw faulty(read.faults)',
      'if (!read.ok) return undefined as never',
      'that cannot be read right',
    ],
    [
      'a manifest that does not hold what it says is not put into force',
      'if (loaded.ok) return { ...loaded, guests }',
      'return { ...(loaded as { app: App; compiled: CompiledApp }), app: read.app, guests }',
      'does not hold what it says of itself',
    ],
    [
      'a file that cannot be read is no absent one',
      "code === 'ENOENT' || code === 'ENOTDIR') return undefined\n    throw new SallyportError(",
      'code !== null) return undefined\n    throw new SallyportError(',
      'is no absent one',
    ],
    [
      'a folder without a manifest has none',
      'if (!existsSync(join(folder, manifestFile))) {',
      "if (folder === '') {",
      'a folder without a manifest',
    ],
  ]),
  ...[
    ['a state folder', 'if (!found.isDirectory() || found.uid !== own) {', 'if (!found.isDirectory()) {'],
    ['a folder of keys', 'folders.ledger, folders.keys, folders', 'folders.ledger, folders'],
    ['a socket folder elsewhere', '  ensurePrivate(elsewhere)', '  mkdirSync(elsewhere, { recursive: true })'],
  ].map(([what = '', code = '', without = '']) => ({
    name: `${what} is this user’s own`,
    attack: 'another user of the machine made the folder first, and reads what is put there',
    file: state,
    code,
    without,
    noticedBy: states,
    needs: 'root' as const,
    testName: `refuses ${what} of somebody else`,
  })),
  {
    name: 'a socket folder elsewhere is no link',
    attack: 'another user of the machine put a link there first',
    file: state,
    code: '  ensurePrivate(elsewhere)',
    without: '  mkdirSync(elsewhere, { recursive: true })',
    noticedBy: states,
    testName: 'refuses a link in the place of a socket folder',
  },
]
