import type { Subject } from '@sallyport/core/access'
import type { HttpRequest } from '@sallyport/core/identity'

import { certificateThumbprint, type Svid } from './certificates/index.ts'
import type { Invocation } from './host/index.ts'
import { newId } from './operation/index.ts'
import type { Sts } from './sts/index.ts'

/** What a door shows of the function that uses it, in place of a secret; the function itself never holds any of it. */
export interface FunctionIdentity {
  /**
   * A JWT-SVID for one audience, for a minute: which function, which code, in which transaction and for whom. With
   * `svid` it is bound to that certificate (RFC 8705), so that whoever sees it cannot use it.
   */
  readonly identityToken: (audience: string, subject: Subject, invocation: Invocation, svid?: Svid) => string
  /** The two fields that sign a request for the function (RFC 9421), with what is covered by name. */
  readonly signRequest: (
    message: HttpRequest,
    covered: readonly string[],
    subject: Subject,
  ) => Promise<readonly (readonly [string, string])[]>
  /** The function's X.509-SVID. */
  readonly svidFor: (subject: Subject) => Promise<Svid>
}

/** The identities of an app's functions. Which function it is, the listener of its box says. */
export function functionIdentity(
  app: string,
  { jwtSvid, signRequest, svidFor }: Pick<Sts, 'jwtSvid' | 'signRequest' | 'svidFor'>,
): FunctionIdentity {
  const idOf = ({ name, workload }: Subject): string => `spiffe://${app}/zone/${workload?.zone ?? ''}/function/${name}`
  return {
    svidFor: (subject) => svidFor(idOf(subject)),
    signRequest: (message, covered, subject) => signRequest(message, { covered, tag: idOf(subject), nonce: newId() }),
    identityToken: (audience, subject, { transaction, actors, user }, svid) =>
      jwtSvid({
        sub: idOf(subject),
        aud: audience,
        jti: newId(),
        more: {
          code: subject.workload?.codeDigest,
          transaction,
          actors,
          ...(user === undefined ? {} : { user: user.id }),
          ...(svid === undefined ? {} : { cnf: { 'x5t#S256': certificateThumbprint(svid.cert) } }),
        },
      }),
  }
}
