import type { Shape } from './shape.ts'

/** Names of things go into ARNs and policies, so nothing in one may mean something there. */
export const name: RegExp = /^[a-z][a-z0-9-]{0,62}$/
/** What a function offers, or what may be asked of a door. */
export const operationName: RegExp = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
/** Completes "… must be". */
export const nameSays = 'a name of lower-case letters, digits and hyphens'
/** One name. */
export const nameText: Shape = { kind: 'text', says: nameSays, pattern: name }
/** Names in a list. */
export const names: Shape = { kind: 'list', of: nameText }
/** Operations in a list. */
export const operations: Shape = {
  kind: 'list',
  of: { kind: 'text', says: 'an operation name', pattern: operationName },
}
/** ISO 3166-1 alpha-2. */
export const country: Shape = {
  kind: 'text',
  says: 'a country code such as CH (ISO 3166-1 alpha-2)',
  pattern: /^[A-Z]{2}$/,
}
/** `10s`, `15m`, `1h`, `30d`. */
export const duration: Shape = {
  kind: 'text',
  says: 'a duration such as 10s, 15m, 1h or 30d',
  pattern: /^[1-9]\d{0,6}(ms|s|m|h|d)$/,
}
/** `10/m`. */
export const callLimit: Shape = { kind: 'text', says: 'a limit such as 10/m', pattern: /^[1-9]\d{0,6}\/(s|m|h|d)$/ }
/** A file of the app. */
export const file: Shape = { kind: 'text', says: 'a path inside the app folder', pattern: /^[^\0\\]{1,512}$/ }
/** The name of a header (RFC 9110 §5.1), as far as one is ever called so. */
export const header: RegExp = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/
/** Any text; numbers and flags as they were written. */
export const free: Shape = { kind: 'text', says: 'text', scalar: true }
/** Judged by its reader. */
export const url: Shape = { kind: 'text', says: 'a URL', pattern: /^\S{1,512}$/ }
const methods = 'GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS'
/** Templates are literal segments and `:name` segments, never regular expressions (DESIGN §5). */
const template = String.raw`(?:/|(?:/(?::[A-Za-z][A-Za-z0-9_]*|[A-Za-z0-9._~!$'(),;@+-][A-Za-z0-9._~!$'(),;:@+-]*))+/?)`
/** `POST /orders/:id/refund`. */
export const routeKey: RegExp = new RegExp(`^(?:${methods}) ${template}$`)
