import { isIPv4, isIPv6 } from 'node:net'

import type { App, Role, Zone } from '../../app.ts'
import type { AdministrativePower, Person } from '../../people.ts'
import { child, entriesOf, textOf, textsOf, type Node } from '../../source/node.ts'
import { parseDurationMs } from '../../source/units.ts'
import { readAddress } from '../address.ts'
import { readAssurance } from '../functions/read-assurance.ts'
import { resolve, type Reading } from '../reading.ts'

/** `people:` */
export function readPeople(section: Node | undefined, { declared, faults }: Reading): readonly Role[] {
  const includedRoles = (list: Node | undefined): readonly string[] =>
    textsOf(list).flatMap(({ text, at }) => (resolve(text, at, 'role', declared.roles, faults) ? [text] : []))
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const jit = child(value, 'jit')
    const approvers = textsOf(child(jit, 'approvers'))
    for (const { text, at } of approvers) resolve(text, at, 'role', declared.roles, faults)
    return {
      name: key,
      mfa: isTrue(child(value, 'mfa')),
      countries: textsOf(child(value, 'countries')).map(({ text }) => text),
      includes: includedRoles(child(value, 'includes')),
      managedDevice: textOf(child(value, 'device')) === 'managed',
      ...standingOf(value),
      ...(jit === undefined
        ? {}
        : {
            jit: {
              maxMs: parseDurationMs(textOf(child(jit, 'max')) ?? '') ?? 0,
              approvers: approvers.map(({ text }) => text),
              reasonRequired: textOf(child(jit, 'reason')) !== 'optional',
              approvals: integerOf(child(jit, 'approvals')) ?? 1,
              requestMs: parseDurationMs(textOf(child(jit, 'request')) ?? '') ?? dayMs,
              approvalMs: parseDurationMs(textOf(child(jit, 'approval')) ?? textOf(child(jit, 'max')) ?? '') ?? 0,
              ...durationUnder(jit, 'break-glass'),
            },
          }),
      at: keyAt,
    }
  })
}

/** What a role demands of signal streams. */
function standingOf(value: Node): Pick<Role, 'freshSignals' | 'maxRisk'> {
  const risk = textOf(child(value, 'risk'))
  return {
    ...(textOf(child(value, 'signals')) === 'fresh' ? { freshSignals: true } : {}),
    ...(risk === 'low' || risk === 'medium' ? { maxRisk: risk } : {}),
  }
}

const dayMs = 86_400_000

function integerOf(node: Node | undefined): number | undefined {
  return node?.kind === 'number' ? node.value : undefined
}

function durationUnder(jit: Node, key: string): { readonly breakGlassMs?: number } {
  const breakGlassMs = parseDurationMs(textOf(child(jit, key)) ?? '')
  return breakGlassMs === undefined ? {} : { breakGlassMs }
}

/** `persons:`; an account under two of them would make one person of both, so it is a fault. */
export function readPersons(section: Node | undefined, { faults }: Reading): readonly Person[] {
  const owners = new Map<string, string>()
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const accounts = textsOf(value)
    for (const { text, at } of accounts) {
      const owner = owners.get(text)
      if (owner !== undefined)
        faults.add('manifest.duplicate_name', at, `"${text}" belongs to ${owner} and to ${key}.`, 'keep one of the two')
      owners.set(text, key)
    }
    return { name: key, accounts: accounts.map(({ text }) => text), at: keyAt }
  })
}

/** `notify.elevation`: an address with a path; its origin is judged as a door's is. */
export function readWebhook(section: Node | undefined, { faults }: Reading): { readonly elevationWebhook?: string } {
  const node = child(section, 'elevation')
  const text = textOf(node)
  if (node === undefined || text === undefined) return {}
  const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(text)?.[0] ?? text)
  if (address.kind === 'refused')
    faults.add('manifest.insecure_upstream', node.at, `notify.elevation: ${address.why}.`, address.suggestion)
  return { elevationWebhook: text }
}

/** `zones:` */
export function readZones(section: Node | undefined, { declared, faults }: Reading): readonly Zone[] {
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const from = textsOf(child(value, 'from'))
    for (const { text, at } of from) resolve(text, at, 'zone', [...declared.zones, 'internet'], faults)
    return { name: key, from: from.map(({ text }) => text), at: keyAt }
  })
}

const powers: readonly AdministrativePower[] = ['secrets', 'configuration', 'invoke', 'users']

/** `administration:`; a power that nobody is given is nobody's. A list of roles, or a map of it and its demands. */
export function readAdministration(
  section: Node | undefined,
  { declared, faults }: Reading,
): Pick<App, 'administration' | 'administrationDemands'> {
  const holders = (power: AdministrativePower): readonly string[] => {
    const value = child(section, power)
    const roles = textsOf(child(value, 'roles') ?? value)
    for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
    return roles.map(({ text }) => text)
  }
  const demands = powers.flatMap((power) => {
    const value = child(section, power)
    const [assurance, elevated] = [readAssurance(value), isTrue(child(value, 'elevated'))]
    if (assurance === undefined && !elevated) return []
    return [[power, { mfa: true, scopes: [], ...assurance, elevated }] as const]
  })
  return {
    administration: {
      secrets: holders('secrets'),
      configuration: holders('configuration'),
      invoke: holders('invoke'),
      users: holders('users'),
    },
    ...(demands.length === 0 ? {} : { administrationDemands: Object.fromEntries(demands) }),
  }
}

/** `locations:` */
export function readLocations(section: Node | undefined, { faults }: Reading): App['locations'] {
  const named = entriesOf(section).filter(({ key }) => key !== 'database')
  return named.map(({ key, value }) => {
    const networks = textsOf(value)
    for (const { text, at } of networks) {
      if (!isNetwork(text))
        faults.add('manifest.wrong_type', at, `locations.${key}: "${text}" is not a network.`, '10.0.0.0/8')
    }
    return { country: key, networks: networks.map(({ text }) => text) }
  })
}

/** `locations.database` */
export function readCountries(section: Node | undefined, { faults, files }: Reading): Pick<App, 'countries'> {
  const node = child(section, 'database')
  const name = textOf(node)
  if (node === undefined || name === undefined) return {}
  if (name === 'none') return { countries: name }
  const file = files.readBytes(name, node.at, faults)
  return file === undefined ? {} : { countries: { name, bytes: file.bytes } }
}

function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'flag' && node.value
}

/** The grammar knows the form. What is no network would end the server that reads it. */
function isNetwork(text: string): boolean {
  const [address = '', prefix = ''] = text.split('/')
  return isIPv6(address) ? Number(prefix) <= 128 : isIPv4(address) && Number(prefix) <= 32
}
