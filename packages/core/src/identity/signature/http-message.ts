/** A request or a response as far as signatures reach (RFC 9421 §2). */
export type HttpMessage = HttpRequest | HttpResponse

interface Fields {
  /** Every field line in its order, names in any case. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Field lines of the trailer section. */
  readonly trailers?: readonly (readonly [name: string, value: string])[]
}

/** A request. */
export interface HttpRequest extends Fields {
  readonly kind: 'request'
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Host and port as the request names them; of HTTP/1.1 the Host header, of HTTP/2 `:authority`. */
  readonly authority: string
  /** As it stands in the request line: `/path?query`, an absolute address, `host:port`, or `*`. */
  readonly requestTarget: string
}

/** A response, with the request that it answers where a signature binds the two (RFC 9421 §2.4). */
export interface HttpResponse extends Fields {
  readonly kind: 'response'
  readonly status: number
  readonly request?: HttpRequest
}

/** Which structure a field has, for components with `sf` or `key`; a field that is not here has none. */
export type FieldTypes = Readonly<Record<string, 'dictionary' | 'list' | 'item'>>

/** What we know of ourselves. */
export const knownFieldTypes: FieldTypes = {
  'accept-signature': 'dictionary',
  'cache-control': 'dictionary',
  'content-digest': 'dictionary',
  priority: 'dictionary',
  'repr-digest': 'dictionary',
  signature: 'dictionary',
  'signature-input': 'dictionary',
  'want-content-digest': 'dictionary',
}

/** The value of a field by RFC 9421 §2.1: lines trimmed, folds unfolded, joined by a comma; undefined without one. */
export function fieldValue(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.map(trimmed).join(', ')
}

/** One line without its outer white space and its obsolete folds. */
export function trimmed(line: string): string {
  return line.replaceAll(/[ \t]*\r?\n[ \t]+/g, ' ').replaceAll(/^[ \t]+|[ \t]+$/g, '')
}

/** All lines of a field, in their order. */
export function linesOf(fields: Fields['fields'], name: string): readonly string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}
