import type { App } from '../app.ts'
import { allowInManifest, type Allowed, acceptInManifest } from '../access/allow-in-manifest.ts'
import { canonicalOrigin, matchDoor } from '../match/door.ts'
import { generalise } from './generalise.ts'
import type { SeenExit } from './seen.ts'

/** One edit of the manifest that would have let through what was seen. */
export type Proposal =
  | {
      readonly kind: 'grant'
      readonly functionName: string
      /** As `sallyport allow` takes it: `stripe.refund`, `maps.place=GET https://maps.example.com/v1/places/:id`. */
      readonly action: string
      /** Where it leads to a host that no door leads to yet. */
      readonly newHost?: string
      /** Advisory: npm packages whose code asked for it first. */
      readonly packages: readonly string[]
      /** A few of the requests that it is made of. */
      readonly seen: readonly string[]
    }
  | { readonly kind: 'accept'; readonly door: string; readonly header: string; readonly functionName: string }

/** What was refused and is not proposed, with the reason. */
export interface Unproposed {
  readonly functionName: string
  readonly what: string
  readonly why: string
}

const maxExamples = 3

/**
 * Proposals from what was recorded, each for one function and as narrow as what was seen: the operation, the row verb,
 * the header. Nothing is proposed that is allowed by now.
 */
export function propose(
  recorded: readonly SeenExit[],
  app: App,
): { readonly proposals: readonly Proposal[]; readonly unproposed: readonly Unproposed[] } {
  const seen = recorded.filter(({ functionName }) => app.functions.some(({ name }) => name === functionName))
  const unproposed: Unproposed[] = []
  const proposals = [
    ...operations(seen, app, (one) => unproposed.push(one)),
    ...grants(seen, (one) => unproposed.push(one)),
    ...headers(seen, app),
  ]
  return { proposals, unproposed: distinct(unproposed) }
}

/** The manifest's text with one proposal in it. */
export function applyProposal(text: string, proposal: Proposal, app: App): Allowed {
  return proposal.kind === 'accept'
    ? acceptInManifest(text, proposal.door, proposal.header)
    : allowInManifest(text, proposal.functionName, proposal.action, app)
}

interface Wanted {
  readonly exit: SeenExit
  readonly method: string
  readonly origin: string
  readonly host: string
  readonly path: string
}

/** Operations that no door has: one for each method and template, at a door for each host. */
function operations(seen: readonly SeenExit[], app: App, not: (one: Unproposed) => void): readonly Proposal[] {
  const wanted = seen.flatMap((exit): readonly Wanted[] => {
    const { method, url = '', code, functionName } = exit
    if (code !== 'door.unlisted' || method === undefined) return []
    const [, scheme = '', host = '', port, path = '/'] =
      /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d+))?(\/.*)?$/i.exec(url) ?? []
    const refuse = (why: string): readonly Wanted[] => {
      not({ functionName, what: `${method} ${url}`, why })
      return []
    }
    if (scheme !== 'https') return refuse('it is plain HTTP; a door leads to https')
    if (/^[\d.]+$|^\[/.test(host)) return refuse('it names an address and no host')
    if (path.includes('/:')) return refuse('a segment that begins with a colon cannot stand in a template')
    const origin = canonicalOrigin(scheme, host, port)
    return matchDoor(app, origin + path, method).kind === 'door' ? [] : [{ exit, method, origin, host, path }]
  })
  const names = takenNames(app)
  const doorOf = new Map(app.doors.map(({ name, to }) => [to, name]))
  return [...groupBy(wanted, ({ origin, method }) => `${method} ${origin}`).values()].flatMap((group) => {
    const [{ origin, method, host } = { origin: '', method: '', host: '' }] = group
    const isNew = !app.doors.some(({ to }) => to === origin)
    const door = doorOf.get(origin) ?? freeName(labelOf(host), names)
    doorOf.set(origin, door)
    names.add(door)
    return generalise(group.map(({ path }) => path)).flatMap(({ template, paths }) => {
      const operation = freeName(operationName(method, template), names, `${door}.`)
      names.add(`${door}.${operation}`)
      const askers = group.filter(({ path }) => paths.includes(path)).map(({ exit }) => exit)
      return [...groupBy(askers, ({ functionName }) => functionName)].map(([functionName, exits]): Proposal => ({
        kind: 'grant',
        functionName,
        action: `${door}.${operation}=${method} ${origin}${template}`,
        ...(isNew ? { newHost: host } : {}),
        packages: [...new Set(exits.flatMap((exit) => exit.package ?? []))],
        seen: [...new Set(exits.map(({ url = '' }) => `${method} ${url}`))].slice(0, maxExamples),
      }))
    })
  })
}

/** Lines that the refusal itself named, for what is declared and was not granted. */
function grants(seen: readonly SeenExit[], not: (one: Unproposed) => void): readonly Proposal[] {
  const found = new Map<string, Proposal>()
  for (const { effect, code, fix, functionName, method, url, package: name } of seen) {
    if (effect === 'allow' || code === 'door.unlisted' || code === undefined) continue
    const action = fix === undefined ? undefined : actionIn(fix, functionName)
    const what = url === undefined ? (fix ?? code) : `${method ?? ''} ${url}`.trim()
    if (action === undefined) {
      not({ functionName, what, why: `${code} has no line under \`can\`` })
      continue
    }
    const key = `${functionName} ${action}`
    if (!found.has(key)) {
      const packages = name === undefined ? [] : [name]
      found.set(key, { kind: 'grant', functionName, action, packages, seen: [what] })
    }
  }
  return [...found.values()]
}

/** Headers that a door left behind on calls it let through. */
function headers(seen: readonly SeenExit[], app: App): readonly Proposal[] {
  const found = new Map<string, Proposal>()
  for (const { effect, method, url, dropped = [], functionName } of seen) {
    if (effect !== 'allow' || method === undefined || url === undefined) continue
    const match = matchDoor(app, url, method)
    if (match.kind !== 'door') continue
    for (const header of dropped) {
      if (match.door.accept.includes(header)) continue
      found.set(`${match.door.name} ${header}`, { kind: 'accept', door: match.door.name, header, functionName })
    }
  }
  return [...found.values()]
}

/** `sallyport allow payments 'orders-table.get(own)'` → its last word, where it is a grant to this very function. */
function actionIn(fix: string, functionName: string): string | undefined {
  const words = [...fix.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  const [program, verb, subject, action, ...more] = words
  const fits = program === 'sallyport' && verb === 'allow' && subject === functionName && more.length === 0
  return fits ? action : undefined
}

function operationName(method: string, template: string): string {
  const word = template.split('/').findLast((part) => /^[A-Za-z][A-Za-z0-9_-]*$/.test(part))
  return word === undefined ? method.toLowerCase() : `${method.toLowerCase()}-${word}`
}

/** `api.stripe.com` → `stripe`. */
function labelOf(host: string): string {
  const label = host.split('.').at(-2) ?? host
  return label.replaceAll(/[^a-z0-9-]/g, '-').replace(/^[^a-z]+/, '') || 'door'
}

function takenNames(app: App): Set<string> {
  const named = [...app.people, ...app.zones, ...app.doors, ...app.tables, ...app.functions].map(({ name }) => name)
  return new Set([...named, ...app.doors.flatMap(({ name, ops }) => ops.map((op) => `${name}.${op.name}`))])
}

function freeName(wanted: string, taken: ReadonlySet<string>, prefix = ''): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`
    if (!taken.has(prefix + name)) return name
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function distinct(all: readonly Unproposed[]): readonly Unproposed[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()]
}
