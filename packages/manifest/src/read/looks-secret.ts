/** Shapes of well-known credentials, one line each; the last rule of `looksSecret` catches what has no shape. */
const shapes: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a Stripe key', pattern: /\b[srp]k_(?:live|test)_[A-Za-z0-9]{6,}/ },
  { what: 'a webhook secret', pattern: /\bwhsec_[A-Za-z0-9+/=]{10,}/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/ },
  { what: 'a private key', pattern: /-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/ },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Google key', pattern: /\bAIza[A-Za-z0-9_-]{30,}/ },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{30,}/ },
  { what: 'an API key', pattern: /\bsk-[A-Za-z0-9_-]{20,}/ },
  { what: 'a JSON web token', pattern: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\./ },
  { what: 'a URL with a password', pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i },
]

/** What a plain value looks like when it looks like a secret: `a Stripe key`. Undefined when it does not. */
export function looksSecret(value: string): string | undefined {
  const shape = shapes.find(({ pattern }) => pattern.test(value))
  if (shape !== undefined) return shape.what
  return longAndRandom(value) ? 'a long random value' : undefined
}

/**
 * A run of 20 or more characters that mixes letters and digits as chance would. Words, paths, ARNs and URLs are
 * cut at their separators first, so that only an unbroken run counts.
 */
function longAndRandom(value: string): boolean {
  return value.split(/[\s/:.,;?&@|-]+/).some((run) => {
    if (run.length < 20 || !/^[A-Za-z0-9+_=]+$/.test(run)) return false
    if (!/\d/.test(run) || !/[A-Za-z]/.test(run)) return false
    return bitsPerCharacter(run) >= 3
  })
}

/** Shannon entropy over the characters of the text itself. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
