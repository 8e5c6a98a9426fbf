/** How to sign in instead: what a challenge asks for (RFC 9470 §3, RFC 6750 §3.1). */
export interface StepUp {
  /** As they go into an authorization request. */
  readonly acrValues?: string
  readonly maxAge?: string
  readonly scope?: string
}

/** What a `WWW-Authenticate` header asks for; undefined when another sign-in would mend nothing. */
export function stepUpIn(header: string | undefined): StepUp | undefined {
  if (header === undefined) return undefined
  const value = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(header)?.[1]
  const error = value('error')
  if (error !== 'insufficient_user_authentication' && error !== 'insufficient_scope') return undefined
  const [acrValues, maxAge, scope] = [value('acr_values'), value('max_age'), value('scope')]
  return {
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(scope === undefined ? {} : { scope }),
  }
}

/** The same in words, to complete "This needs a sign-in …". */
export function wordsOf({ acrValues, maxAge, scope }: StepUp): string {
  const parts = [
    ...(acrValues === undefined ? [] : ['with two factors']),
    ...(maxAge === undefined ? [] : [`not older than ${maxAge} s`]),
    ...(scope === undefined ? [] : [`for ${scope}`]),
  ]
  return parts.length === 0 ? 'anew' : parts.join(', ')
}
