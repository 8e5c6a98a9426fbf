/** A letter of a URI (RFC 3986 §2), or a percent sign with its two digits. */
const uri = /^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/

/**
 * The one spelling of an http(s) URI without query and fragment, for `htu` (RFC 9449 §4.3): scheme and host in lower
 * case, no default port, dot segments resolved, `%7e` as `~`, other percent-encodings in upper case (RFC 3986
 * §6.2.2). Undefined for what is none, and for one with a user in it. Adversary: who holds a proof for one resource
 * and words another so that both look the same.
 */
export function normaliseTargetUri(text: string): string | undefined {
  if (text.length > 4096 || !uri.test(text)) return undefined
  const url = URL.parse(text)
  if (url === null) return undefined
  if (url.username !== '' || url.password !== '' || !/^https?:\/\/[^/]/i.test(text)) return undefined
  const path = url.pathname.replaceAll(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const letter = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : encoded.toUpperCase()
  })
  return `${url.protocol}//${url.host}${path}`
}
