import type { Mutant } from './mutants.ts'
import type { Kind } from './mutations.ts'

/** A mutant that no test can notice, or need not: where it stands, what is taken out, and why that is no loss. */
type Accepted = readonly [file: string, kind: Kind, code: string, why: string]

const identity = 'packages/core/src/identity'
const noName = 'no key set has a key without a name, so none is found'
const nothingTaken = 'nothing was taken of the text then, and what is left over is refused'
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
  [
    `${identity}/keys/web-key.ts`,
    'guard',
    "'modulusLength' in key.algorithm",
    'what is not there is undefined either way',
  ],
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
]

/** Why a mutant may survive. */
export function acceptedFor({ file, kind, code }: Pick<Mutant, 'file' | 'kind' | 'code'>): string | undefined {
  return accepted.find((one) => one[0] === file && one[1] === kind && one[2] === code)?.[3]
}
