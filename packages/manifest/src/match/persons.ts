import type { App } from '../app.ts'

/**
 * Every account of the person who owns this one, itself included: what the manifest links under `persons`, and, for an
 * account that it does not link, the same name at each other issuer. Names that happen to be equal are taken for one
 * person until `persons` tells them apart: an approval that is refused wrongly costs an afternoon, one that is taken
 * wrongly costs the second pair of eyes. An e-mail address is no identity here: issuers let people write their own.
 */
export function accountsOfPerson(app: App, account: string): readonly string[] {
  const persons = app.persons ?? []
  const linked = persons.find(({ accounts }) => accounts.includes(account))
  if (linked !== undefined) return linked.accounts
  const local = account.slice(account.indexOf(':') + 1)
  const external = app.issuers.flatMap((issuer) => (issuer.kind === 'embedded' ? [] : [`${issuer.name}:${local}`]))
  const others = [local, ...external].filter((other) => !persons.some(({ accounts }) => accounts.includes(other)))
  return [...new Set([account, ...others])]
}
