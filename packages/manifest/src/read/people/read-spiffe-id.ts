import { type Node, textOf } from '../../source/node.ts'
import { type Reading, resolve } from '../reading.ts'

/** SPIFFE-ID §2, with a path: the domain alone is no workload. */
const idForm = /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/

/** The id of a workload, in a trust domain that somebody here vouches for: the app itself, or one under `trust`. */
export function readSpiffeId(
  node: Node | undefined,
  path: string,
  trusted: Iterable<string>,
  { declared, faults }: Reading,
): string | undefined {
  const id = textOf(node)
  if (node === undefined || id === undefined) return undefined
  const [, domain] = idForm.exec(id) ?? []
  if (domain === undefined) faults.add('manifest.wrong_type', node.at, `${path} is no SPIFFE id of a workload.`)
  else resolve(domain, node.at, 'trust domain', [declared.app, ...trusted], faults)
  return id
}
