import { riskLevels } from '@sallyport/core/identity'

import type { App, Role } from '../app.ts'

/**
 * Everybody who counts as one of these roles: who holds it, and who holds a role that includes it, directly or over
 * others. Whoever counts by inclusion meets the demands of every role on the way. In the order of the manifest, the
 * roles that are named themselves once and as they are.
 */
export function countingAs({ people }: Pick<App, 'people'>, names: readonly string[]): readonly Role[] {
  return people.flatMap((holder) => {
    if (names.includes(holder.name)) return [holder]
    return names.flatMap((name) => {
      const way = wayTo(people, holder, name, [])
      const joined = way === undefined ? undefined : joinedDemands(way)
      return joined === undefined ? [] : [joined]
    })
  })
}

/** The roles from a holder's own to the one that it includes; undefined when it does not. */
function wayTo(people: readonly Role[], from: Role, to: string, seen: readonly string[]): readonly Role[] | undefined {
  if (from.name === to) return [from]
  for (const name of from.includes ?? []) {
    const next = people.find((role) => role.name === name)
    if (next === undefined || seen.includes(name)) continue
    const rest = wayTo(people, next, to, [...seen, from.name])
    if (rest !== undefined) return [from, ...rest]
  }
  return undefined
}

/** The first role with the demands of all. Undefined where they cannot be met: there is no country that all name. */
function joinedDemands(way: readonly Role[]): Role | undefined {
  const [holder] = way
  if (holder === undefined) return undefined
  const [first, ...others] = way.map(({ countries }) => countries).filter((countries) => countries.length > 0)
  const countries = (first ?? []).filter((country) => others.every((list) => list.includes(country)))
  if (first !== undefined && countries.length === 0) return undefined
  return {
    ...holder,
    mfa: way.some(({ mfa }) => mfa),
    managedDevice: way.some(({ managedDevice }) => managedDevice),
    countries,
    ...(way.some(({ freshSignals }) => freshSignals === true) ? { freshSignals: true } : {}),
    ...lowestRisk(way),
  }
}

function lowestRisk(way: readonly Role[]): Pick<Role, 'maxRisk'> {
  const maxRisk = riskLevels.find((level) => way.some((role) => role.maxRisk === level))
  return maxRisk === undefined ? {} : { maxRisk }
}

/** Names of the roles that a role includes, directly or over others, without itself. A cycle ends where it began. */
export function includedIn(people: readonly Role[], role: Role): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (names: readonly string[]): void => {
    for (const name of names) {
      if (found.has(name)) continue
      found.add(name)
      visit(people.find((one) => one.name === name)?.includes ?? [])
    }
  }
  visit(role.includes ?? [])
  return found
}
