import { createHash } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'
import type { Door } from '@sallyport/manifest'

import { remembered } from '../remembered.ts'
import type { UpstreamCall } from '../upstream/upstream-call.ts'

/** What a door puts on one request, with every secret filled in. It lives as long as the request does. */
export interface Credential {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly query: ReadonlyMap<string, string>
  readonly body: ReadonlyMap<string, string>
  readonly certificate?: NonNullable<UpstreamCall['certificate']>
  /** OAuth client id and secret. */
  readonly client?: { readonly id: string; readonly secret: string }
  /** Everything that must not come back. */
  readonly secrets: readonly string[]
}

const headerText = /^[\t\x20-\x7e]*$/

/** Fills a door's templates in. Throws `secret.unusable` for a value that cannot stand where the manifest puts it. */
export function fillIn({ add }: Door, secrets: ReadonlyMap<string, string>): Credential {
  const filled = (template: string): string => fill(template, secrets)
  const headers = templatesOf(add.headers).map(([name, template]) => [name, filled(template)] as const)
  const basic = add.basic === undefined ? undefined : `${filled(add.basic.user)}:${filled(add.basic.password)}`
  const all = [
    ...headers,
    ...(basic === undefined ? [] : [['authorization', `Basic ${Buffer.from(basic).toString('base64')}`] as const]),
  ]
  if (all.some(([, value]) => !headerText.test(value))) {
    throw new SallyportError('secret.unusable', 'the secret cannot stand in a header')
  }
  return {
    headers: all,
    query: filledMap(add.query, filled),
    body: filledMap(add.body, filled),
    ...(add.certificate === undefined ? {} : { certificate: certificateOf(add.certificate, filled) }),
    ...(add.oauth === undefined ? {} : { client: { id: filled(add.oauth.client), secret: filled(add.oauth.secret) } }),
    secrets: [...secrets.values(), ...(basic === undefined ? [] : [basic])],
  }
}

function certificateOf(
  { cert, key }: NonNullable<Door['add']['certificate']>,
  filled: (template: string) => string,
): NonNullable<UpstreamCall['certificate']> {
  return certificateWith(filled(cert), filled(key))
}

/** A client certificate as connections are told apart by. */
export function certificateWith(cert: string, key: string): NonNullable<UpstreamCall['certificate']> {
  return { cert, key, digest: createHash('sha256').update(`${cert}\n${key}`).digest('hex') }
}

function filledMap(
  templates: Readonly<Record<string, string>>,
  filled: (template: string) => string,
): ReadonlyMap<string, string> {
  const all = templatesOf(templates)
  return all.length === 0 ? nothing : new Map(all.map(([name, template]) => [name, filled(template)]))
}

const nothing: ReadonlyMap<string, string> = new Map()
const listed = new WeakMap<Readonly<Record<string, string>>, readonly (readonly [string, string])[]>()

/** What a door adds, as a list: made once for each manifest. */
function templatesOf(templates: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const known = listed.get(templates) ?? Object.entries(templates)
  listed.set(templates, known)
  return known
}

/** In one pass, and not by a pattern: a secret may hold a `$&` or a `{name}`, and means nothing by it. */
function fill(template: string, secrets: ReadonlyMap<string, string>): string {
  return cut(template).reduce((filled, part, index) => filled + (index % 2 === 0 ? part : (secrets.get(part) ?? '')))
}

/** Texts and names by turns; cut once for each template that some manifest has or had. */
const cut = remembered((template) => template.split(/\{([^{}]+)\}/), 1_024)
