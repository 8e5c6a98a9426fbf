import type { Accepted } from './acceptance.ts'
import { acceptedInBoxes } from './accepted-in-boxes.ts'
import { acceptedInPolicies } from './accepted-in-policies.ts'
import type { Mutant } from './mutants.ts'

const identity = 'packages/core/src/identity'
const core = 'packages/core/src'
const server = 'packages/server/src'
const noName = 'no key set has a key without a name, so none is found'
const nothingTaken = 'nothing was taken of the text then, and what is left over is refused'
const notThere = 'what is not there is undefined either way'
const unreadKeys = 'of what has no member no keys are read, and what is thrown is told in the same words'
const cost = 'it spares work alone; without it the same is asked again and comes out the same'

/** One line each. Whoever changes the line meets its mutant again. */
export const accepted: readonly Accepted[] = [
  [
    'packages/core/src/access/error.ts',
    'guard',
    'options.cause === undefined',
    'a cause that is undefined says nothing',
  ],
  [`${identity}/device/device-statement.ts`, 'guard', 'keyId === undefined', noName],
  [`${identity}/encoding/structured-field.ts`, 'guard', 'text === undefined', nothingTaken],
  [`${identity}/event/security-event.ts`, 'guard', 'jwt.keyId === undefined', noName],
  [`${identity}/keys/key-record.ts`, 'guard', "typeof name !== 'string'", 'the table of algorithms has no other names'],
  [`${identity}/keys/key-set.ts`, 'guard', "typeof keyId !== 'string'", 'no token names a key by anything else'],
  [`${identity}/keys/web-key.ts`, 'guard', "'modulusLength' in key.algorithm", notThere],
  [`${identity}/seen-once.ts`, 'guard', 'second === lookedAt', cost],
  [
    `${identity}/signature/signature-base.ts`,
    'guard',
    'name !== name.toLowerCase()',
    'fields are looked up by lower case, so there is none of such a name',
  ],
  [`${identity}/signature/signature-base.ts`, 'guard', "key.kind === 'string'", 'no member is named by anything else'],
  [
    `${identity}/signature/signature-base.ts`,
    'guard',
    "parameter?.kind === 'string'",
    'no parameter is named by anything else',
  ],
  [
    `${identity}/token/claims.ts`,
    'guard',
    "issuer.kind === 'cognito'",
    'no audience is found there, and all is read anew',
  ],
  [
    `${identity}/token/claims.ts`,
    'guard',
    'isOurs === true && (issuer.scopes ?? []).every((scope) => scopes.includes(scope))',
    cost,
  ],
  [
    `${identity}/token/verifier.ts`,
    'guard',
    "refusal?.code === 'token.expired' || refusal?.code === 'token.revoked'",
    'it spares memory alone; what is over is refused again',
  ],
  [`${identity}/token/verifier.ts`, 'guard', 'jwt.keyId === undefined', noName],
  [
    `${core}/ledger/parse-record.ts`,
    'statement',
    "throw malformed('it is not JSON in UTF-8', cause)",
    'nothing is no record, which is refused next, in other words',
  ],
  [
    `${core}/ledger/proof.ts`,
    'guard',
    'end - start <= 1n',
    'it goes on until the stack ends it, for a caller of ours alone',
  ],
  [
    `${core}/ledger/proof.ts`,
    'guard',
    'size1 <= 0n || size1 > size2',
    'it goes on until the stack ends it, with an error of the same kind',
  ],
  [`${core}/ledger/verifier-key.ts`, 'guard', "!('privateKey' in pair)", 'Ed25519 makes pairs alone'],
  [`${core}/ledger/verify-proof.ts`, 'guard', '!seed', 'a proof that lacks its first hash lacks all that follow too'],
  [`${server}/ledger/commit.ts`, 'guard', 'scheduled', cost],
  [`${server}/ledger/commit.ts`, 'guard', 'fatal', 'what is queued then is turned away with the same'],
  [
    `${server}/vault/data-keys.ts`,
    'guard',
    "!('id' in value && 'purpose' in value && 'generation' in value && 'sealed' in value)",
    'what is not there has none of the types that are asked for next',
  ],
  [
    `${server}/vault/data-keys.ts`,
    'statement',
    "throw damaged(path, 'is not JSON', restoreFolder)",
    'nothing holds no data keys, which is refused next, in other words',
  ],
  [`${server}/vault/private-files.ts`, 'guard', "error instanceof Error && 'code' in error", notThere],
  [
    `${server}/vault/private-files.ts`,
    'guard',
    "code === 'EACCES'",
    'what cannot be opened is thrown then as it is, without the command that mends it; root never meets it',
  ],
  [
    `${server}/vault/secrets.ts`,
    'statement',
    "throw damaged(path, 'is not JSON', setAgain(name))",
    'nothing holds no secret, which is refused next, in other words',
  ],
  [
    `${server}/vault/secrets.ts`,
    'statement',
    "throw damaged(path, 'does not hold the secret it is named for', setAgain(name))",
    'no generation of it opens then, which is refused next, in other words',
  ],
  [`${server}/certificates/acme/acme-client.ts`, 'guard', "'token' in one", notThere],
  [`${server}/certificates/acme/acme-client.ts`, 'guard', "'url' in one", notThere],
  [
    `${server}/certificates/acme/acme-request.ts`,
    'guard',
    "typeof nonce === 'string'",
    'Node gives a list for no header but Set-Cookie',
  ],
  [`${server}/certificates/acme/challenges.ts`, 'guard', 'descriptor === undefined', 'none is kept by no number'],
  [`${server}/app/issuers.ts`, 'guard', "typeof document === 'object' && document !== null", unreadKeys],
  [
    `${server}/identity-provider/sign-in/passkeys.ts`,
    'guard',
    "typeof value !== 'object' || value === null || !('id' in value)",
    'of what has no member nothing is read as the name of a key',
  ],
  [
    `${server}/operation/output-log.ts`,
    'guard',
    "typeof value !== 'object' || value === null",
    'of what has no member no line is read, and what is thrown is caught as for a line that was cut off',
  ],
  [
    `${server}/stores/store.ts`,
    'guard',
    "error instanceof Error && 'errcode' in error",
    'what has no code has none that means damage either way',
  ],
  [
    `${server}/stores/used-proofs.ts`,
    'guard',
    'until === undefined || id === undefined',
    'what is no line has no end to come, so it is none of those that live',
  ],
  [
    'packages/guests/src/inside/cedar.ts',
    'guard',
    "parsed.type === 'failure'",
    'each policy was parsed before; of a set that is not there Cedar decides nothing, which is no verdict',
  ],
  [
    'packages/guests/src/inside/cedar.ts',
    'guard',
    "answer.type === 'failure'",
    'of what failed no decision is read, and what that throws is no verdict either',
  ],
  [
    'packages/guests/src/inside/opa.ts',
    'guard',
    'isRecord(entrypoints)',
    'what has no names has not the one asked for',
  ],
  ['packages/guests/src/keeper.ts', 'guard', 'error instanceof Error', 'a start rejects with nothing else'],
  [
    'packages/guests/src/keeper.ts',
    'guard',
    '!pending.has(id)',
    'what was answered stays answered, and the ask that waits longest is held against its own deadline',
  ],
  ...acceptedInBoxes,
  ...acceptedInPolicies,
]

/** Why a mutant may survive. */
export function acceptedFor({ file, kind, code }: Pick<Mutant, 'file' | 'kind' | 'code'>): string | undefined {
  return accepted.find((one) => one[0] === file && one[1] === kind && one[2] === code)?.[3]
}
