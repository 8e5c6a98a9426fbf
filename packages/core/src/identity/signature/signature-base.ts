import { type FieldTypes, fieldValue, type HttpMessage, type HttpRequest, linesOf, trimmed } from './http-message.ts'
import { serialiseDictionary, serialiseList, serialiseMember } from '../encoding/serialise-field.ts'
import {
  base64Of,
  type InnerList,
  type Item,
  parseDictionary,
  parseItem,
  parseList,
} from '../encoding/structured-field.ts'

/**
 * The signature base (RFC 9421 §2.5); undefined when it cannot be made of this message, which is an error of whoever
 * signs and a refusal of whoever verifies. Adversary: who covers something that reads as something else.
 */
export function signatureBase(message: HttpMessage, covered: InnerList, types: FieldTypes): string | undefined {
  const lines = new Map<string, string>()
  for (const component of covered.items) {
    const identifier = serialiseMember(component)
    const value = componentValue(message, component, types)
    // A line break in a value would let one component be read as two.
    if (value === undefined || lines.has(identifier) || /[\r\n]/.test(value)) return undefined
    lines.set(identifier, value)
  }
  const written = [...lines].map(([identifier, value]) => `${identifier}: ${value}\n`).join('')
  return `${written}"@signature-params": ${serialiseMember(covered)}`
}

/** The value of one component of a message; undefined when it is not there, or its parameters do not go together. */
export function componentValue(message: HttpMessage, component: Item, types: FieldTypes): string | undefined {
  if (component.value.kind !== 'string') return undefined
  const { value: name } = component.value
  const { req, ...others } = Object.fromEntries(component.parameters)
  if (req !== undefined) {
    const { kind } = req
    if (kind !== 'boolean' || !req.value || message.kind !== 'response' || message.request === undefined) {
      return undefined
    }
    return valueIn(message.request, name, others, types)
  }
  return valueIn(message, name, others, types)
}

type Options = Readonly<Record<string, Item['value']>>

function valueIn(message: HttpMessage, name: string, options: Options, types: FieldTypes): string | undefined {
  if (name.startsWith('@')) return derivedValue(message, name, options)
  if (name !== name.toLowerCase()) return undefined
  const { sf, key, bs, tr, ...unknown } = options
  if (Object.keys(unknown).length > 0 || ![sf, bs, tr].every(isFlag)) return undefined
  if (bs !== undefined && (sf !== undefined || key !== undefined)) return undefined
  const lines = linesOf(tr === undefined ? message.fields : (message.trailers ?? []), name)
  const value = fieldValue(lines)
  if (value === undefined) return undefined
  if (bs !== undefined) return lines.map((line) => `:${base64Of(latin1(trimmed(line)))}:`).join(', ')
  if (key !== undefined) {
    const entries = types[name] === 'dictionary' ? parseDictionary(value) : undefined
    const member = new Map(entries).get(key.kind === 'string' ? key.value : '')
    return member === undefined ? undefined : serialiseMember(member)
  }
  return sf === undefined ? value : structuredValue(value, types[name])
}

function structuredValue(value: string, type: FieldTypes[string] | undefined): string | undefined {
  switch (type) {
    case 'dictionary': {
      const entries = parseDictionary(value)
      return entries && serialiseDictionary(entries)
    }
    case 'list': {
      const members = parseList(value)
      return members && serialiseList(members)
    }
    case 'item': {
      const item = parseItem(value)
      return item && serialiseMember(item)
    }
    case undefined:
      return undefined
  }
}

/** RFC 9421 §2.2. Only `@query-param` has a parameter. */
function derivedValue(message: HttpMessage, name: string, options: Options): string | undefined {
  const { name: parameter, ...others } = options
  const isParameter = name === '@query-param'
  if (Object.keys(others).length > 0 || isParameter !== (parameter !== undefined)) return undefined
  if (message.kind === 'response') return name === '@status' ? String(message.status) : undefined
  const target = parseTarget(message)
  switch (name) {
    case '@method':
      return message.method
    case '@target-uri':
      return target?.href
    case '@authority':
      return target?.authority
    case '@scheme':
      return message.scheme
    case '@request-target':
      return message.requestTarget
    case '@path':
      return target?.path
    case '@query':
      return target?.query
    case '@query-param':
      return parameter?.kind === 'string' ? queryParameter(target?.query, parameter.value) : undefined
    default:
      return undefined
  }
}

interface Target {
  readonly href: string
  readonly authority: string
  readonly path: string
  /** With its question mark, which is there even when nothing follows. */
  readonly query: string
}

/** What the request is for. Paths are taken as they came (§2.2.6): whoever serves them has refused tricky ones. */
function parseTarget({ scheme, authority, requestTarget }: HttpRequest): Target | undefined {
  const isOrigin = requestTarget.startsWith('/')
  const url = URL.parse(isOrigin ? `${scheme}://${authority}${requestTarget}` : requestTarget)
  const own = URL.parse(`${scheme}://${authority}/`)
  const host = own ?? url
  if (host === null || host.username !== '' || host.password !== '') return undefined
  const at = requestTarget.indexOf('?')
  const path = isOrigin ? (at < 0 ? requestTarget : requestTarget.slice(0, at)) : (url?.pathname ?? '/')
  const query = at < 0 ? '?' : requestTarget.slice(at)
  return {
    href: isOrigin ? `${host.protocol}//${host.host}${requestTarget}` : (url?.href ?? ''),
    authority: host.host,
    path,
    query,
  }
}

/** §2.2.8: the one value of a parameter, decoded and encoded anew; undefined when there is none, or more than one. */
function queryParameter(query: string | undefined, encodedName: string): string | undefined {
  const pairs = [...new URLSearchParams(query?.slice(1))].filter(([name]) => encoded(name) === encodedName)
  const [[, value] = []] = pairs
  return pairs.length === 1 && value !== undefined ? encoded(value) : undefined
}

/** The WHATWG's application/x-www-form-urlencoded percent-encode set, with `%20` for a space. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()~]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function isFlag(value: Item['value'] | undefined): boolean {
  return value === undefined || (value.kind === 'boolean' && value.value)
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}
