import { compileLayer, type LayerSet, type LayerSets } from '../decide/policy-set.ts'
import type { NamedPolicy } from '../document.ts'
import type { PolicyFault, PolicyKind } from '../fault.ts'
import { limits } from '../limits.ts'
import { type Findings, note, type Place, readElements, readObject, readText } from '../read/findings.ts'
import type { JsonNode } from '../read/json.ts'
import { parsePolicy } from '../read/parse-policy.ts'
import { readDocument } from '../read/read-document.ts'

/** How one member of a query is read: which layer it makes, of which kind of policy, in which shape. */
export interface LayerMember {
  readonly layer: keyof LayerSets
  readonly kind: PolicyKind
  readonly shape: 'policy' | 'policies' | 'levels'
}

/** Every member of a query that holds policies. */
export const layerMembers: Readonly<Record<string, LayerMember>> = {
  identityPolicies: { layer: 'identity', kind: 'identity', shape: 'policies' },
  resourcePolicy: { layer: 'resource', kind: 'resource', shape: 'policy' },
  permissionsBoundaries: { layer: 'boundary', kind: 'boundary', shape: 'policies' },
  sessionPolicies: { layer: 'session', kind: 'session', shape: 'policies' },
  serviceControlPolicies: { layer: 'serviceControl', kind: 'service-control', shape: 'levels' },
  resourceControlPolicies: { layer: 'resourceControl', kind: 'resource-control', shape: 'levels' },
  endpointPolicies: { layer: 'endpoint', kind: 'endpoint', shape: 'policies' },
}

/** A member's policies compiled, or everything that is wrong with them; offsets count from the member's own text. */
export type ReadLayer =
  | { readonly ok: true; readonly sets: readonly LayerSet[] | undefined }
  | { readonly ok: false; readonly findings: Findings; readonly inner: readonly PolicyFault[] }

/**
 * Reads and compiles what one member holds. A policy may stand as a JSON object, or as a string with its text, whose
 * faults (`inner`) then have lines and columns of their own.
 */
export function readLayer(name: string, { kind, shape }: LayerMember, node: JsonNode): ReadLayer {
  const findings: Findings = []
  const inner: PolicyFault[] = []
  const readPolicy = (item: JsonNode, path: string): readonly NamedPolicy[] => {
    if (item.kind === 'string') {
      const parsed = parsePolicy(item.value, kind, path)
      if (parsed.ok) return [{ name: path, document: parsed.document }]
      inner.push(...parsed.faults)
      return []
    }
    const { document, findings: found } = readDocument(item, kind)
    findings.push(...found.map((one) => ({ ...one, path: one.path === '' ? path : `${path}.${one.path}` })))
    return [{ name: path, document }]
  }
  const readPolicies = (list: JsonNode, path: string): readonly NamedPolicy[] =>
    itemsOf(findings, list, { path, at: list.at }).flatMap((item, index) => readPolicy(item, `${path}[${index}]`))
  const readLevel = (level: JsonNode, path: string): readonly NamedPolicy[] => {
    const place: Place = { path, at: level.at }
    const members = readObject(findings, level, place, 'a level is an object: { "id": …, "policies": […] }')
    if (members === undefined) return []
    const elements = readElements(findings, members, place, ['id', 'policies'])
    const id = elements.get('id')
    // It names the level for whoever reads the query; a number does as well.
    if (id !== undefined && id.kind !== 'number') readText(findings, id, { path: `${path}.id`, at: id.at })
    const list = elements.get('policies')
    if (list !== undefined) return readPolicies(list, `${path}.policies`)
    note(findings, 'policy.missing_element', place, 'the level has no policies')
    return []
  }
  const groups =
    node.kind === 'null'
      ? undefined
      : shape === 'policy'
        ? [readPolicy(node, name)]
        : shape === 'policies'
          ? [readPolicies(node, name)]
          : itemsOf(findings, node, { path: name, at: node.at }).map((level, index) =>
              readLevel(level, `${name}[${index}]`),
            )
  if (findings.length > 0 || inner.length > 0) return { ok: false, findings: findings.slice(0, limits.faults), inner }
  return { ok: true, sets: groups?.map((policies) => compileLayer(kind, policies)) }
}

/** As in IAM, one stands for a list of one. */
function itemsOf(findings: Findings, node: JsonNode, place: Place): readonly JsonNode[] {
  if (node.kind === 'array') return node.items
  if (node.kind === 'object' || node.kind === 'string') return [node]
  note(findings, 'policy.wrong_type', place, 'a list is expected')
  return []
}
