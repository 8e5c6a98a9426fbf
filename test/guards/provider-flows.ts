import type { Guard } from './guard.ts'

const room = 'packages/server/src/identity-provider'
const adapter = [`${room}/protocol/adapter.test.ts`]
const pages = [`${room}/pages/pages.test.ts`]
const programs = [`${room}/protocol/clients.test.ts`]
const exchange = [`${room}/protocol/exchange.test.ts`]
const parts = [`${room}/sign-in-parts.test.ts`]

/** Whoever asks the embedded provider for a token proved something, once. */
export const providerFlowGuards: readonly Guard[] = [
  {
    name: 'a refresh token is used once, also by two requests at one moment',
    attack: 'ends everything of a grant when two requests bring one refresh token at the same moment',
    file: `${room}/protocol/adapter.ts`,
    code: 'if (payload.consumed === undefined) {',
    without: 'if (payload.exp !== undefined) {',
    noticedBy: adapter,
    testName: 'two requests bring one refresh token',
  },
  {
    name: 'what was used twice ends the session',
    attack: 'ends everything of a grant when two requests bring one refresh token at the same moment',
    file: `${room}/protocol/adapter.ts`,
    code: 'await grantEnded(payload.grantId)',
    without: '',
    noticedBy: adapter,
    testName: 'two requests bring one refresh token',
  },
  {
    name: 'a revoked grant ends the session and its access tokens',
    attack: 'revokes a refresh token (RFC 7009), and with it the session',
    file: `${room}/protocol/adapter.ts`,
    code: "if (model === 'Grant') await grantEnded(id)",
    without: '',
    noticedBy: programs,
    testName: 'revokes a refresh token',
  },
  {
    name: 'nobody who was put out gets another token',
    attack: 'gets no refresh token that it did not ask for, and none for somebody who was put out',
    file: `${room}/protocol/configuration.ts`,
    code: '|| user.disabled === true',
    without: '',
    noticedBy: programs,
    testName: 'put out',
  },
  {
    name: 'a person is sent on to declared addresses only',
    attack: 'signs out (RP-initiated): the session ends, and only a declared address is gone to',
    file: `${room}/protocol/end-session.ts`,
    code: 'if (target !== null && !declared.includes(target)) {',
    without: "if (target === '') {",
    noticedBy: programs,
    testName: 'signs out',
  },
  {
    name: 'an access token is no ID token',
    attack: 'signs out (RP-initiated): the session ends, and only a declared address is gone to',
    file: `${room}/protocol/end-session.ts`,
    code: "verified?.protectedHeader.typ === 'at+jwt'",
    without: 'verified === undefined',
    noticedBy: programs,
    testName: 'signs out',
  },
  {
    name: 'a bound token stays bound through an exchange',
    attack: 'of a bound token gives one that is bound to the key proved, and never a bearer token',
    file: `${room}/protocol/exchange.ts`,
    code: "subject['cnf'] !== undefined ||",
    without: '',
    noticedBy: exchange,
    testName: 'of a bound token',
  },
  {
    name: 'an exchange takes along what still holds only',
    attack: 'takes along no role that was taken away meanwhile, and nobody who was put out',
    file: `${room}/protocol/exchange.ts`,
    code: 'stated.filter((role) => user.roles.includes(role))',
    without: 'stated',
    noticedBy: exchange,
    testName: 'takes along no role',
  },
  {
    name: 'an exchange widens no scope',
    attack: 'gives a shorter token that names who acts, and nothing more than the subject had',
    file: `${room}/protocol/exchange.ts`,
    code: 'if (scope.some((one) => !granted.includes(one)))',
    without: 'if (scope.length === 0)',
    noticedBy: exchange,
    testName: 'gives a shorter token',
  },
  {
    name: 'a chain of programs has an end',
    attack: 'goes on for four programs and no further',
    file: `${room}/protocol/exchange.ts`,
    code: 'if (depth > maxActors)',
    without: 'if (depth < 0)',
    noticedBy: exchange,
    testName: 'goes on for four',
  },
  {
    name: 'a recovery code works once',
    attack: 'may be a recovery code, each of them once',
    file: `${room}/sign-in/recovery-codes.ts`,
    code: 'left.filter((other) => other !== hash)',
    without: 'left',
    noticedBy: pages,
    testName: 'may be a recovery code',
  },
  {
    name: 'a password alone makes itself no second factor',
    attack: 'cannot be made of a password alone: a passkey is added behind both factors only',
    file: `${room}/sign-in/interaction.ts`,
    code: "if (methods?.includes('mfa') !== true) return showStep(visit, 403)",
    without: 'if (methods === undefined) return finish(visit, step, [])',
    noticedBy: pages,
    testName: 'cannot be made of a password alone',
  },
  {
    name: 'a restart gives nobody new guesses',
    attack: 'attempts are counted over a restart, and bounded in number',
    file: `${room}/sign-in/attempts.ts`,
    code: 'write(key.key, oneMore(key, counters[at]))',
    without: 'oneMore(key, counters[at])',
    noticedBy: parts,
    testName: 'counted over a restart',
  },
]
