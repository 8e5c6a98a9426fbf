import { duplicateMember } from '@sallyport/core/json'

import type { Issuer } from '../../app.ts'
import type { EmbeddedClient } from '../../people.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type MapNode, type Node } from '../../source/node.ts'
import { readAddress } from '../address.ts'
import { readOpenIdIssuer } from './read-open-id-issuer.ts'
import { readUpstreams } from './read-upstreams.ts'
import { resolve, type Reading } from '../reading.ts'

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
  for (const { key, keyAt } of entriesOf(child(root, 'issuers'))) {
    if (key !== 'service' && key !== 'sts') continue
    reading.faults.add('manifest.duplicate_name', keyAt, `"${key}" means something by itself.`, 'choose another name')
  }
  const declared = entriesOf(child(root, 'issuers')).flatMap((entry) =>
    entry.key === 'embedded' ? [readEmbedded(entry, reading)] : readExternal(entry, reading),
  )
  const authorizer = child(root, 'authorizer')
  return authorizer === undefined ? declared : [...declared, ...readPools('authorizer', authorizer, undefined, reading)]
}

function readEmbedded({ value }: Entry, reading: Reading): Issuer {
  const { declared, faults } = reading
  const users = entriesOf(child(value, 'users')).map((user) => {
    const roles = textsOf(user.value)
    for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
    return { name: user.key, roles: roles.map(({ text }) => text) }
  })
  const clients = entriesOf(child(value, 'clients')).map((entry) => readClient(entry, users, reading))
  const upstreams = readUpstreams(child(value, 'upstreams'), reading)
  return { kind: 'embedded', users, clients, ...(upstreams.length === 0 ? {} : { upstreams }) }
}

/** A client's name becomes a subject as a user's does, so no two may share one. */
function readClient(
  { key, keyAt, value }: Entry,
  users: readonly { readonly name: string }[],
  reading: Reading,
): EmbeddedClient {
  const { declared, faults } = reading
  if (key === 'sallyport-cli' || users.some(({ name }) => name === key))
    faults.add('manifest.duplicate_name', keyAt, `"${key}" is taken already.`, 'give the client another name')
  const roles = textsOf(child(value, 'roles'))
  for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
  const addresses = (name: string): readonly string[] => {
    const texts = textsOf(child(value, name))
    for (const { text, at } of texts) {
      const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(text)?.[0] ?? text)
      if (address.kind === 'refused')
        faults.add('manifest.insecure_upstream', at, `clients.${key}.${name}: ${address.why}.`, address.suggestion)
    }
    return texts.map(({ text }) => text)
  }
  const { keys, jwksDigest } = readKeySet(value, reading)
  const redirects = addresses('redirects')
  if (keys === undefined && redirects.length === 0)
    faults.add('manifest.missing_key', keyAt, `clients.${key} needs "jwks", "redirects", or both.`)
  if (keys === undefined && roles.length > 0)
    faults.add('manifest.missing_key', keyAt, `clients.${key} has roles of its own and no "jwks" to prove itself by.`)
  const dpop = child(value, 'dpop')
  return {
    name: key,
    roles: roles.map(({ text }) => text),
    ...(keys === undefined || jwksDigest === undefined ? {} : { keys, jwksDigest }),
    redirects,
    logoutRedirects: addresses('logout'),
    dpop: dpop?.kind === 'flag' && dpop.value,
  }
}

function readExternal({ key, keyAt, value }: Entry, reading: Reading): readonly Issuer[] {
  const { faults } = reading
  const authorizer = child(value, 'authorizer')
  const refuse = (names: readonly string[], why: string): void => {
    for (const entry of entriesOf(value)) {
      if (names.includes(entry.key))
        faults.add('manifest.unsupported', entry.keyAt, `issuers.${key}.${entry.key} ${why}`)
    }
  }
  if (authorizer !== undefined) {
    refuse(
      ['issuer', 'audience', 'roles', 'type', 'only', 'holds', 'scopes', 'exchange'],
      'does not go with an authorizer block.',
    )
    return readPools(key, authorizer, value, reading)
  }
  refuse(['clients', 'groups'], 'goes only with an authorizer block.')
  return readOpenIdIssuer(key, keyAt, value, keySetFile(value, reading), reading)
}

function readPools(name: string, authorizer: Node, around: Node | undefined, reading: Reading): readonly Issuer[] {
  const { declared, faults } = reading
  const groups = entriesOf(child(around, 'groups')).map(({ key, value }): [string, string] => {
    const role = textOf(value) ?? ''
    resolve(role, value.at, 'role', declared.roles, faults)
    return [key, role]
  })
  const keySet = around === undefined ? {} : keySetFile(around, reading)
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

/** The key set that `jwks` names, beside whatever declares it. */
export function keySetFile(
  around: Node,
  reading: Reading,
): { readonly jwksFile?: string; readonly jwksDigest?: string } {
  const { keys: _, ...file } = readKeySet(around, reading)
  return file
}

/** The same with its keys. */
export function readKeySet(
  around: Node,
  { files, faults }: Reading,
): {
  readonly jwksFile?: string
  readonly jwksDigest?: string
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
} {
  const jwks = child(around, 'jwks')
  const name = textOf(jwks)
  if (jwks === undefined || name === undefined) return {}
  const file = files.read(name, jwks.at, faults)
  if (file === undefined) return {}
  const keys = keysIn(file.text)
  if (keys !== undefined) return { jwksFile: file.path, jwksDigest: file.digest, keys }
  faults.add(
    'manifest.wrong_type',
    jwks.at,
    `"${name}" is not a JWKS: a JSON object with a list "keys" of public keys.`,
  )
  return {}
}

/** A key set of public keys: a private or symmetric one in the app folder is a secret in text. */
function keysIn(text: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return undefined
  const keys: readonly unknown[] = value.keys
  if (duplicateMember(text) !== undefined) return undefined // two readers would see two key sets
  return keys.length > 0 && keys.every(isPublicKey) ? keys : undefined
}

function isPublicKey(key: unknown): key is Readonly<Record<string, unknown>> {
  return typeof key === 'object' && key !== null && 'kty' in key && key.kty !== 'oct' && !('d' in key)
}
