/** A bare item of a structured field (RFC 9651 §3.3). */
export type BareItem =
  | { readonly kind: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly kind: 'string' | 'token' | 'display-string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'boolean'; readonly value: boolean }

/** Parameters in their order; of two with one name the last counts, in the place of the first (§4.2.3.2). */
export type Parameters = ReadonlyMap<string, BareItem>

/** An item with its parameters. */
export interface Item {
  readonly kind: 'item'
  readonly value: BareItem
  readonly parameters: Parameters
}

/** An inner list with its own parameters. */
export interface InnerList {
  readonly kind: 'inner-list'
  readonly items: readonly Item[]
  readonly parameters: Parameters
}

/** A member of a list or a dictionary. */
export type Member = Item | InnerList

/** Of a dictionary, every member in its order, one name twice included: what that means is for the reader to say. */
export type Entries = readonly (readonly [name: string, member: Member])[]

/** A place in the text. Each reader begins at `at` and leaves it behind what it read; undefined is a syntax error. */
interface Cursor {
  readonly text: string
  at: number
}

/** Parses a dictionary (RFC 9651 §4.2.2). Adversary: who words it so that two parsers read two things. */
export function parseDictionary(text: string): Entries | undefined {
  return parseMembers(text, (cursor) => {
    const name = take(cursor, /[a-z*][a-z0-9_.*-]*/y)
    if (name === undefined) return undefined
    if (take(cursor, /=/y) !== undefined) {
      const member = readMember(cursor)
      return member === undefined ? undefined : ([name, member] as const)
    }
    const parameters = readParameters(cursor)
    const value = { kind: 'boolean', value: true } as const
    return parameters === undefined ? undefined : ([name, { kind: 'item', value, parameters }] as const)
  })
}

/** Parses a list (§4.2.1). */
export function parseList(text: string): readonly Member[] | undefined {
  return parseMembers(text, readMember)
}

/** Parses a single item (§4.2). */
export function parseItem(text: string): Item | undefined {
  const cursor = { text: text.replaceAll(/^ +| +$/g, ''), at: 0 }
  const item = readItem(cursor)
  return item !== undefined && cursor.at === cursor.text.length ? item : undefined
}

function parseMembers<T>(text: string, read: (cursor: Cursor) => T | undefined): readonly T[] | undefined {
  const cursor = { text: text.replaceAll(/^ +| +$/g, ''), at: 0 }
  const members: T[] = []
  while (cursor.at < cursor.text.length) {
    if (members.length > 0) {
      if (take(cursor, /[ \t]*,[ \t]*/y) === undefined) return undefined
    }
    const member = read(cursor)
    if (member === undefined) return undefined // also after a comma that nothing follows
    members.push(member)
  }
  return members
}

function readMember(cursor: Cursor): Member | undefined {
  if (take(cursor, /\(/y) === undefined) return readItem(cursor)
  const items: Item[] = []
  for (;;) {
    take(cursor, / +/y)
    if (take(cursor, /\)/y) !== undefined) break
    const item = readItem(cursor)
    if (item === undefined || !/[ )]/.test(cursor.text.charAt(cursor.at))) return undefined
    items.push(item)
  }
  const parameters = readParameters(cursor)
  return parameters === undefined ? undefined : { kind: 'inner-list', items, parameters }
}

function readItem(cursor: Cursor): Item | undefined {
  const value = readBareItem(cursor)
  const parameters = value === undefined ? undefined : readParameters(cursor)
  return value === undefined || parameters === undefined ? undefined : { kind: 'item', value, parameters }
}

function readParameters(cursor: Cursor): Parameters | undefined {
  const parameters = new Map<string, BareItem>()
  while (take(cursor, /; */y) !== undefined) {
    const name = take(cursor, /[a-z*][a-z0-9_.*-]*/y)
    if (name === undefined) return undefined
    const isTrue = take(cursor, /=/y) === undefined
    const value = isTrue ? ({ kind: 'boolean', value: true } as const) : readBareItem(cursor)
    if (value === undefined) return undefined
    parameters.set(name, value)
  }
  return parameters
}

function readBareItem(cursor: Cursor): BareItem | undefined {
  switch (cursor.text.charAt(cursor.at)) {
    case '"': {
      const text = take(cursor, /"(?:[ !#-[\]-~]|\\["\\])*"/y)
      return text === undefined
        ? undefined
        : { kind: 'string', value: text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') }
    }
    case ':': {
      const value = bytesOf(take(cursor, /:[A-Za-z0-9+/]*={0,2}:/y)?.slice(1, -1))
      return value === undefined ? undefined : { kind: 'bytes', value }
    }
    case '?': {
      const text = take(cursor, /\?[01]/y)
      return text === undefined ? undefined : { kind: 'boolean', value: text === '?1' }
    }
    case '@': {
      const text = take(cursor, /@-?\d{1,15}(?![\d.])/y)
      return text === undefined ? undefined : { kind: 'date', value: Number(text.slice(1)) }
    }
    case '%':
      return displayString(take(cursor, /%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y))
    default:
      return readNumberOrToken(cursor)
  }
}

function readNumberOrToken(cursor: Cursor): BareItem | undefined {
  const decimal = take(cursor, /-?\d{1,12}\.\d{1,3}(?![\d.])/y)
  if (decimal !== undefined) return { kind: 'decimal', value: Number(decimal) }
  const integer = take(cursor, /-?\d{1,15}(?![\d.])/y)
  if (integer !== undefined) return { kind: 'integer', value: Number(integer) }
  const token = take(cursor, /[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/y)
  return token === undefined ? undefined : { kind: 'token', value: token }
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at
  const [found] = pattern.exec(cursor.text) ?? []
  if (found !== undefined) cursor.at += found.length
  return found
}

/** Canonical base64 with its padding: another spelling of the same bytes is none. */
function bytesOf(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (text === undefined || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  return base64Of(bytes) === text ? bytes : undefined
}

/** Base64 with padding (RFC 4648 §4). */
export function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function displayString(text: string | undefined): BareItem | undefined {
  if (text === undefined) return undefined
  const plain = text.slice(2, -1).replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  try {
    return { kind: 'display-string', value: utf8.decode(Uint8Array.from(plain, (letter) => letter.charCodeAt(0))) }
  } catch (error) {
    if (error instanceof TypeError) return undefined // TextDecoder's word for bytes that are not UTF-8
    throw error
  }
}
