import type { Guard } from './guard.ts'

const verifier = ['packages/core/src/identity/verifier.test.ts']

export const identityGuards: readonly Guard[] = [
  {
    name: 'a token is believed by its signature',
    attack: 'tokens.own-key',
    file: 'packages/core/src/identity/key-record.ts',
    code: "return valid ? undefined : refuseToken('token.signature')",
    without: 'return undefined',
    noticedBy: verifier,
    testName: 'is bound to its issuer',
  },
]
