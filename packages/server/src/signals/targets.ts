import type { EventSubject } from '@sallyport/core/identity'

/** Whose events these are: an issuer's name, and its `iss`. */
export interface About {
  /** `embedded` for our own issuer. */
  readonly issuerName: string
  readonly issuer: string
}

/** What an event is about, in the words of revocation. */
export interface EventTargets {
  /** What ends, if the event ends anything: the narrowest thing that it names. */
  readonly ends: readonly string[]
  /** Whose standing changes, if it says anything of that. */
  readonly standing: readonly string[]
  /** The device that is meant, where only its owner can be told from a token. */
  readonly device?: string
}

/**
 * Whom an event means. Undefined where it names somebody of another issuer: a stream speaks of its own issuer's people
 * and of nobody else's. Our own tokens name the device; those of others do not, so the person stands for it.
 */
export function targetsOf(
  { user, session, device, token }: EventSubject,
  { issuerName, issuer }: About,
): EventTargets | undefined {
  const own = (id: string): string => (issuerName === 'embedded' ? id : `${issuerName}:${id}`)
  if ((user?.issuer ?? issuer) !== issuer || (token?.issuer ?? issuer) !== issuer) return undefined
  const person = user === undefined ? [] : [`user/${own(user.name)}`]
  const standing =
    device === undefined || (issuerName !== 'embedded' && user !== undefined) ? person : [`device/${device}`]
  const narrowest =
    token === undefined ? (session === undefined ? standing : [`session/${session}`]) : [`token/${own(token.id)}`]
  if (narrowest.length === 0) return undefined
  return {
    ends: narrowest,
    standing,
    ...(device === undefined || standing !== person ? {} : { device }),
  }
}
