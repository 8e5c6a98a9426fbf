import type { ActionCatalogue, KnownAction } from '@sallyport/core/policy'

/**
 * What AWS says of its services' actions: on which resources each can be granted, and which condition keys it carries
 * (Service Authorization Reference). Loaded when it is asked for, some 0.7 MB; of a service that nobody asks for
 * nothing is read.
 */
export async function loadCatalogue(): Promise<ActionCatalogue> {
  const { default: catalogue } = await import('./catalogue.json', { with: { type: 'json' } })
  const lines = new Map<string, string>(Object.entries(catalogue.services))
  const read = new Map<string, ReadonlyMap<string, KnownAction>>()
  return {
    services: [...lines.keys()],
    actionsOf: (service) => {
      const line = lines.get(service)
      if (line === undefined) return undefined
      const known = read.get(service) ?? readService(service, line)
      read.set(service, known)
      return known
    },
  }
}

/** A line as scripts/docs/catalogue.ts writes it. */
type Line = readonly [
  resources: readonly string[],
  keys: readonly string[],
  groups: readonly (readonly [resources: readonly number[], keys: readonly number[], names: string])[],
]

function readService(service: string, line: string): ReadonlyMap<string, KnownAction> {
  // Our own generator wrote it, and the checks hold that it still would.
  const [resources, keys, groups] = JSON.parse(line) as Line
  const of = (list: readonly string[], numbers: readonly number[]): readonly string[] =>
    numbers.flatMap((number) => list[number] ?? [])
  return new Map(
    groups.flatMap(([on, carried, names]) => {
      const facts = { resources: of(resources, on).map(knownResource), keys: of(keys, carried) }
      return names.split(' ').map((name) => {
        const askedOn = askedOnResources.get(`${service}:${name}`)
        return [name.toLowerCase(), { name, ...facts, ...(askedOn === undefined ? {} : { askedOn }) }] as const
      })
    }),
  )
}

/**
 * Actions that take no resource and are asked for on another than `*` all the same (S3 User Guide, "Controlling access
 * to a bucket with user policies", whose example lists buckets by a grant on every bucket).
 */
const askedOnResources: ReadonlyMap<string, string> = new Map([['s3:ListAllMyBuckets', 'arn:aws:s3:::*']])

/**
 * A star spans everything, as in a policy. Of a bucket that says too much: what has a slash after its name is an
 * object, and it is the mistake that is made most often.
 */
function knownResource(like: string): KnownAction['resources'][number] {
  return like === 'arn:*:s3:::*' ? { like, unlike: `${like}/*` } : { like }
}
