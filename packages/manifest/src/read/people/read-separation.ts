import type { App } from '../../app.ts'
import { includedIn } from '../../compile/inheritance.ts'
import { pairsOf } from '../../compile/separation.ts'
import type { Separation } from '../../people.ts'
import type { Faults } from '../../source/faults.ts'
import { child, itemsOf, textsOf, type Node } from '../../source/node.ts'
import { resolve, type Reading } from '../reading.ts'

/** `separation:` */
export function readSeparations(section: Node | undefined, { declared, faults }: Reading): readonly Separation[] {
  return (['static', 'dynamic'] as const).flatMap((kind) =>
    itemsOf(child(section, kind)).map((item) => {
      const roles = textsOf(item)
      for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
      return { kind, roles: roles.map(({ text }) => text), at: item.at }
    }),
  )
}

/** Inclusion leads somewhere and not in circles, and to nothing that one must be elevated to by name. */
export function checkInclusion({ people }: App, faults: Faults): void {
  for (const role of people) {
    const included = includedIn(people, role)
    if (included.has(role.name)) {
      faults.add('manifest.role_cycle', role.at, `people.${role.name} includes itself: ${[...included].join(', ')}.`)
    }
    const elevated = people.find(({ name, jit }) => included.has(name) && name !== role.name && jit !== undefined)
    if (elevated === undefined) continue
    const why = `people.${role.name} includes ${elevated.name}, and elevation is asked for by the role's own name`
    faults.add('manifest.unsupported', role.at, `${why}.`, `give the role ${elevated.name} to whoever may ask for it`)
  }
}

/** No role and no user of the embedded provider unites what is separate; others are denied when they come. */
export function checkSeparations(app: App, faults: Faults): void {
  const { people, issuers } = app
  const users = issuers.flatMap((issuer) => (issuer.kind === 'embedded' ? issuer.users : []))
  const allOf = (names: readonly string[]): ReadonlySet<string> =>
    new Set(
      names.flatMap((name) => [
        name,
        ...people.filter((one) => one.name === name).flatMap((one) => [...includedIn(people, one)]),
      ]),
    )
  for (const { kind, roles, at } of app.separations ?? []) {
    for (const [one, other] of pairsOf(roles)) {
      const unites = (names: readonly string[]): boolean => [one, other].every((name) => allOf(names).has(name))
      const uniting = people.find(({ name }) => unites([name]))
      if (uniting !== undefined) {
        faults.add('manifest.separation_of_duty', uniting.at, `people.${uniting.name} unites ${one} and ${other}.`)
      }
      if (kind === 'dynamic') {
        if (people.some(({ name, jit }) => [one, other].includes(name) && jit !== undefined)) continue
        const message = `Neither ${one} nor ${other} has jit, so whoever holds both has both active always.`
        faults.add('manifest.separation_of_duty', at, message, 'write it under static, or give one of them jit')
        continue
      }
      for (const user of users) {
        if (!unites(user.roles)) continue
        const message = `${user.name} holds ${one} and ${other}, which nobody may hold both.`
        faults.add('manifest.separation_of_duty', at, message, `take one of the two from ${user.name}`)
      }
    }
  }
}
