import type { App, Fault, FunctionDeclaration, Zone } from '../app.ts'
import { parsePathTemplate, sameShape } from '../match/path.ts'
import { collectFaults, type Faults } from '../source/faults.ts'
import { manifestShape } from '../source/grammar.ts'
import { child, itemsOf, textOf, type Node } from '../source/node.ts'
import { parseYaml } from '../source/parse-yaml.ts'
import { checkShape } from '../source/shape.ts'
import { checkStatements, readExpectations, readInvariants } from './read-statements.ts'
import { openAppFiles, type AppFiles, type Surroundings } from './files.ts'
import { declare, type Reading } from './reading.ts'
import { readDoors } from './doors/read-doors.ts'
import { readSecrets, readTables } from './read-tables.ts'
import { readFunctions } from './functions/read-functions.ts'
import { gatherAuthorizers, readIssuers } from './people/read-issuers.ts'
import { readGuests } from './read-guests.ts'
import {
  readAdministration,
  readCountries,
  readLocations,
  readPeople,
  readPersons,
  readWebhook,
  readZones,
} from './people/read-people.ts'
import { checkStanding, readSignals } from './people/read-signals.ts'
import { readDevices } from './people/read-devices.ts'
import { readServices, readTrust } from './people/read-services.ts'
import { readPolicies } from './read-policies.ts'
import { checkInclusion, checkSeparations, readSeparations } from './people/read-separation.ts'
import type { Substitutions } from './substitute.ts'

/** The app as the manifest declares it, or every fault at once; never half of each. */
export type Loaded =
  | { readonly ok: true; readonly app: App }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/** The name of the manifest, in every app folder. */
export const manifestFile = 'sallyport.yaml'

/**
 * Reads `sallyport.yaml` and every file it names. Runs no code. Either everything is right, or every fault is
 * reported at once; there is no half-loaded app. The invariants and examples are resolved here, and run by `loadApp`.
 */
export function loadManifest(folder: string, surroundings: Surroundings): Loaded {
  const faults = collectFaults()
  const files = openAppFiles(folder, surroundings)
  const start = { file: manifestFile, line: 1, column: 1 }
  const manifest = files.read(manifestFile, start, faults)
  const parsed = manifest === undefined ? undefined : parseYaml(manifestFile, manifest.text, faults)
  if (parsed === undefined) return { ok: false, faults: faults.all() }
  const root = gatherAuthorizers(parsed)
  checkShape(root, manifestShape, '', faults)
  const substitutions: Substitutions = new Map()
  const reading: Reading = {
    declared: declare(root, faults),
    faults,
    files,
    environment: surroundings.environment,
    substitutions,
  }
  const app = readApp(root, reading)
  checkZones(app, faults)
  checkRoutes(app.functions, faults)
  checkInclusion(app, faults)
  checkSeparations(app, faults)
  checkStanding(app, faults)
  checkStatements(app, faults)
  const found = faults.all()
  if (found.length > 0) return { ok: false, faults: found }
  return { ok: true, app: { ...app, digest: digestOf(files, substitutions, surroundings) } }
}

function readApp(root: Node, reading: Reading): App {
  const app = readSections(root, reading)
  return { ...app, guests: readGuests(root, app, reading) }
}

function readSections(root: Node, reading: Reading): App {
  const trust = readTrust(child(root, 'trust'), reading)
  const section = (name: string): Node | undefined => child(root, name)
  const issuers = readIssuers(root, reading)
  return {
    name: textOf(section('app')) ?? '',
    folder: reading.files.folder,
    digest: '',
    issuers,
    services: readServices(child(root, 'services'), trust, reading),
    trust,
    ...readDevices(section('devices'), reading),
    locations: readLocations(section('locations'), reading),
    ...readCountries(section('locations'), reading),
    people: readPeople(section('people'), reading),
    separations: readSeparations(section('separation'), reading),
    zones: readZones(section('zones'), reading),
    doors: readDoors(section('doors'), reading),
    secrets: readSecrets(section('secrets')),
    tables: readTables(section('tables'), reading),
    functions: readFunctions(section('functions'), reading),
    guardrailPolicies: readPolicies(section('guardrails'), 'guardrail', reading),
    signals: readSignals(section('signals'), issuers, reading),
    persons: readPersons(section('persons'), reading),
    ...readWebhook(section('notify'), reading),
    ...readAdministration(section('administration'), reading),
    only: readInvariants(itemsOf(section('only'))),
    expect: readExpectations(section('expect')),
  }
}

/** Zones are ceilings: a grant across an edge that the zone does not open is an error, never a quiet denial. */
function checkZones({ functions, zones }: Pick<App, 'functions' | 'zones'>, faults: Faults): void {
  const zoneOf = (name: string): Zone | undefined => zones.find((zone) => zone.name === name)
  for (const one of functions) {
    const own = zoneOf(one.zone)
    for (const route of one.routes) {
      if (own === undefined || own.from.includes('internet')) continue
      faults.add(
        'manifest.zone_ceiling',
        route.at,
        `${route.key} stands in the zone ${own.name}, which the internet may not call.`,
        `move the route to a function in a zone with from: [internet]`,
      )
    }
    for (const permission of one.can) {
      if (permission.kind !== 'function') continue
      const target = functions.find((other) => other.name === permission.target)
      const zone = target === undefined ? undefined : zoneOf(target.zone)
      if (own === undefined || zone === undefined || zone.from.includes(own.name)) continue
      const way = zone.from.find((name) => name !== 'internet') ?? own.name
      faults.add(
        'manifest.zone_ceiling',
        permission.at,
        `${one.name} is in ${own.name}, and ${zone.name} takes calls from ${zone.from.join(', ') || 'nobody'} only.`,
        `go through a function in ${way}, or: ${zone.name}: { from: [${[...zone.from, own.name].join(', ')}] }`,
      )
    }
  }
}

/** Keys and tokens of the server's own. */
const reservedPrefix = '/.well-known/sallyport/'

function checkRoutes(functions: readonly FunctionDeclaration[], faults: Faults): void {
  const routes = functions.flatMap((one) => one.routes)
  for (const [index, route] of routes.entries()) {
    if (route.path.startsWith(reservedPrefix) || route.path === '/.well-known/spiffe-bundle') {
      const message = `${route.path} is where the gateway itself answers.`
      faults.add('manifest.reserved_route', route.at, message, 'choose another path')
    }
    const template = parsePathTemplate(route.path)
    const twin =
      template === undefined
        ? undefined
        : routes.slice(0, index).find((other) => {
            const shape = parsePathTemplate(other.path)
            return other.method === route.method && shape !== undefined && sameShape(shape, template)
          })
    if (twin !== undefined)
      faults.add(
        'manifest.ambiguous_route',
        route.at,
        `${route.key} and ${twin.key} answer the same requests.`,
        'keep one of the two',
      )
  }
}

/**
 * What is in force is more than the text: `${STRIPE_UPSTREAM}` decides who is handed the key, so it is digested too.
 * Each part is hashed by itself, so that no byte can move from one file into the next.
 */
function digestOf(files: AppFiles, substitutions: Substitutions, { sha256 }: Surroundings): string {
  const hash = (text: string): string => sha256(new TextEncoder().encode(text))
  const lines = [
    ...files.all().map(({ name, digest }) => `file ${digest} ${name}`),
    ...[...substitutions].map(([name, value]) => `environment ${hash(value)} ${name}`),
  ]
  return hash(`${lines.toSorted().join('\n')}\n`)
}
