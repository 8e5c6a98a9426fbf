import type { Issuer } from '../app.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type MapNode, type Node } from '../source/node.ts'
import { readAddress } from './address.ts'
import { resolve, type Reading } from './reading.ts'

const authorizerKeys = ['type', 'cognitoUserPools', 'identitySource']

/**
 * Web pages also lose the indentation of `authorizer:`, which leaves its keys beside it. An empty `authorizer`
 * takes those siblings back; nothing else in the grammar has keys of these names.
 */
export function gatherAuthorizers(node: Node): Node {
  if (node.kind !== 'map') return node
  const entries = gather(node).map((entry) =>
    entry.key === 'issuers' && entry.value.kind === 'map'
      ? {
          ...entry,
          value: {
            ...entry.value,
            entries: entry.value.entries.map((issuer) =>
              issuer.value.kind === 'map'
                ? { ...issuer, value: { ...issuer.value, entries: gather(issuer.value) } }
                : issuer,
            ),
          },
        }
      : entry,
  )
  return { ...node, entries }
}

function gather(map: MapNode): readonly Entry[] {
  const authorizer = map.entries.find((entry) => entry.key === 'authorizer')
  if (authorizer?.value.kind !== 'empty') return map.entries
  const lost = map.entries.filter((entry) => authorizerKeys.includes(entry.key))
  if (lost.length === 0) return map.entries
  return map.entries
    .filter((entry) => !lost.includes(entry))
    .map((entry) =>
      entry === authorizer ? { ...entry, value: { kind: 'map', entries: lost, at: entry.keyAt } } : entry,
    )
}

/** `issuers:`, and the `authorizer:` block at the top of the manifest. */
export function readIssuers(root: Node, reading: Reading): readonly Issuer[] {
  const declared = entriesOf(child(root, 'issuers')).flatMap((entry) =>
    entry.key === 'embedded' ? [readEmbedded(entry, reading)] : readExternal(entry, reading),
  )
  const authorizer = child(root, 'authorizer')
  return authorizer === undefined ? declared : [...declared, ...readPools('authorizer', authorizer, undefined, reading)]
}

function readEmbedded({ value }: Entry, { declared, faults }: Reading): Issuer {
  const users = entriesOf(child(value, 'users')).map((user) => {
    const roles = textsOf(user.value)
    for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
    return { name: user.key, roles: roles.map(({ text }) => text) }
  })
  return { kind: 'embedded', users }
}

function readExternal({ key, keyAt, value }: Entry, reading: Reading): readonly Issuer[] {
  const { faults } = reading
  const authorizer = child(value, 'authorizer')
  const issuer = child(value, 'issuer')
  const refuse = (names: readonly string[], why: string): void => {
    for (const entry of entriesOf(value)) {
      if (names.includes(entry.key))
        faults.add('manifest.unsupported', entry.keyAt, `issuers.${key}.${entry.key} ${why}`)
    }
  }
  if (authorizer !== undefined) {
    refuse(['issuer', 'audience', 'roles'], 'does not go with an authorizer block.')
    return readPools(key, authorizer, value, reading)
  }
  refuse(['clients', 'groups'], 'goes only with an authorizer block.')
  const audience = textOf(child(value, 'audience'))
  if (issuer === undefined || audience === undefined || audience === '') {
    faults.add('manifest.missing_key', keyAt, `issuers.${key} needs "authorizer", or "issuer" and "audience".`)
    return []
  }
  const url = textOf(issuer) ?? ''
  // A path is part of an issuer's name (OpenID Connect Discovery 1.0 §4.1); the origin is judged as a door's is.
  const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(url)?.[0] ?? url)
  if (address.kind === 'refused')
    faults.add('manifest.insecure_upstream', issuer.at, `issuers.${key}: ${address.why}.`, address.suggestion)
  return [
    {
      kind: 'oidc',
      name: key,
      issuer: url,
      audience,
      rolesClaim: textOf(child(value, 'roles')) ?? 'roles',
      ...readKeySet(value, reading),
    },
  ]
}

function readPools(name: string, authorizer: Node, around: Node | undefined, reading: Reading): readonly Issuer[] {
  const { declared, faults } = reading
  const groups = entriesOf(child(around, 'groups')).map(({ key, value }): [string, string] => {
    const role = textOf(value) ?? ''
    resolve(role, value.at, 'role', declared.roles, faults)
    return [key, role]
  })
  const keySet = around === undefined ? {} : readKeySet(around, reading)
  const pools = textsOf(child(authorizer, 'cognitoUserPools'))
  return pools.map(({ text }) => {
    const userPool = text.slice(text.lastIndexOf('/') + 1)
    const region = userPool.slice(0, userPool.indexOf('_'))
    return {
      kind: 'cognito',
      name: pools.length === 1 ? name : `${name}/${userPool}`,
      userPool,
      issuer: `https://cognito-idp.${region}.amazonaws.com/${userPool}`,
      clients: textsOf(child(around, 'clients')).map((client) => client.text),
      groups: Object.fromEntries(groups),
      ...keySet,
    }
  })
}

function readKeySet(
  around: Node,
  { files, faults }: Reading,
): { readonly jwksFile?: string; readonly jwksDigest?: string } {
  const jwks = child(around, 'jwks')
  const name = textOf(jwks)
  if (jwks === undefined || name === undefined) return {}
  const file = files.read(name, jwks.at, faults)
  if (file === undefined) return {}
  if (holdsKeys(file.text)) return { jwksFile: file.path, jwksDigest: file.digest }
  faults.add(
    'manifest.wrong_type',
    jwks.at,
    `"${name}" is not a JWKS: a JSON object with a list "keys" of public keys.`,
  )
  return {}
}

/** A key set of public keys: a private or symmetric one in the app folder is a secret in text. */
function holdsKeys(text: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return false
  const keys: readonly unknown[] = value.keys
  return (
    keys.length > 0 &&
    keys.every((key) => typeof key === 'object' && key !== null && 'kty' in key && key.kty !== 'oct' && !('d' in key))
  )
}
