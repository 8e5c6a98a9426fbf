import type { App } from '../app.ts'
import type { Door, DoorOperation } from '../door.ts'
import {
  byLiteralFirst,
  matchTemplate,
  parsePathTemplate,
  type PathTemplate,
  spellsOtherwise,
  splitPath,
} from './path.ts'

/** The door operation that answers an outgoing request, or the code for why none does. */
export type DoorMatch =
  | {
      readonly kind: 'door'
      readonly door: Door
      readonly operation: DoorOperation
      readonly parameters: Readonly<Record<string, string>>
      /** The path as it was decided: hand this to the upstream, never the raw text. */
      readonly path: string
    }
  | {
      readonly kind: 'refused'
      /** `door.unlisted`: no such host, or no such operation on it. `door.malformed_url`: not to be guessed at. */
      readonly code: 'door.unlisted' | 'door.malformed_url'
      /** The door whose host it was, when only the operation is unknown. */
      readonly door?: Door
    }

interface CompiledOperation {
  readonly operation: DoorOperation
  readonly template: PathTemplate
}

const compiled = new WeakMap<Door, readonly CompiledOperation[]>()

/** Where a request goes, taken apart from a text that can be read in one way only. */
export interface DoorAddress {
  readonly scheme: string
  /** Without user info; so is the port. */
  readonly host: string
  readonly port: string | undefined
  /** Without a query. */
  readonly path: string
}

/**
 * The door and operation for an outbound request, by absolute URL and method.
 * Adversary: code in a box that writes the URL so that we see one host or path and the upstream another; the
 * authority is therefore read from the raw text by one strict grammar, without user info (RFC 3986 §3.2.1).
 */
export function matchDoor(app: App, url: string, method: string): DoorMatch {
  const [, scheme, host, port, path = '/'] =
    /^(https?):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(\/[^?#]*)?(?:\?[^#]*)?$/i.exec(url) ?? []
  if (scheme === undefined || host === undefined) return { kind: 'refused', code: 'door.malformed_url' }
  return matchDoorAt(app, { scheme, host, port, path }, method)
}

/** The same for what was taken apart before: a host that no door has leads nowhere, however it is spelled. */
export function matchDoorAt(app: App, { scheme, host, port, path }: DoorAddress, method: string): DoorMatch {
  const origin = canonicalOrigin(scheme, host, port)
  const parts = splitPath(path)
  const door = app.doors.find((one) => one.to === origin)
  if (door === undefined) return { kind: 'refused', code: 'door.unlisted' }
  if (parts === undefined) return { kind: 'refused', code: 'door.malformed_url', door }
  for (const { operation, template } of operationsOf(door)) {
    if (operation.method !== method) continue
    if (spellsOtherwise(template, parts)) return { kind: 'refused', code: 'door.malformed_url', door }
    const parameters = matchTemplate(template, parts)
    if (parameters !== undefined) return { kind: 'door', door, operation, parameters, path: `/${parts.join('/')}` }
  }
  return { kind: 'refused', code: 'door.unlisted', door }
}

/** `https://api.stripe.com`: lower case, and the scheme's own port left out. */
export function canonicalOrigin(scheme: string, host: string, port: string | undefined): string {
  const plain = scheme.toLowerCase()
  const standard = plain === 'https' ? '443' : '80'
  return `${plain}://${host.toLowerCase()}${port === undefined || port === standard ? '' : `:${port}`}`
}

function operationsOf(door: Door): readonly CompiledOperation[] {
  const known = compiled.get(door)
  if (known !== undefined) return known
  const operations = door.ops
    .flatMap((operation) => {
      const template = parsePathTemplate(operation.path)
      return template === undefined ? [] : [{ operation, template }]
    })
    .toSorted((a, b) => byLiteralFirst(a.template, b.template))
  compiled.set(door, operations)
  return operations
}
