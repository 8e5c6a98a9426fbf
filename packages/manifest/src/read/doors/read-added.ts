import type { Position } from '../../position.ts'
import { secretsIn, type Added, type ClientCredentials } from '../../door.ts'
import { addedParts } from '../../source/door-grammar.ts'
import { child, entriesOf, textOf, type Node } from '../../source/node.ts'
import { looksSecret } from '../looks-secret.ts'
import { resolve, type Reading } from '../reading.ts'
import { refuseFraming } from './refuse-framing.ts'
import { refuseSubstitution, substitute } from '../substitute.ts'
import { judged } from '../upstream.ts'

/** `add:` and `auth:` of one door. `origin` is the audience of an identity token unless another is written down. */
export function readAdded(door: Node, origin: string, doorPath: string, reading: Reading): Added {
  const section = child(door, 'add')
  const path = `${doorPath}.add`
  const headers: Record<string, string> = {}
  for (const { key, keyAt, value } of entriesOf(section)) {
    if (addedParts.has(key)) continue
    refuseFraming(key, keyAt, path, reading)
    const name = key.toLowerCase()
    if (Object.hasOwn(headers, name)) {
      reading.faults.add('manifest.duplicate_key', keyAt, `${path}: the header ${name} stands twice.`, 'keep one')
    }
    headers[name] = readTemplate(value, `${path}.${key}`, reading)
  }
  const basic = readPair(child(section, 'basic'), `${path}.basic`, 'user', 'password', reading)
  const certificate = readPair(child(section, 'certificate'), `${path}.certificate`, 'cert', 'key', reading)
  const oauth = readOauth(child(section, 'oauth'), `${path}.oauth`, reading)
  const auth = child(door, 'auth')
  refuseTwoCertificates(auth, child(section, 'certificate'), path, reading)
  refuseTwoCredentials(
    [
      ['authorization', Object.hasOwn(headers, 'authorization') ? section?.at : undefined],
      ['basic', child(section, 'basic')?.at],
      ['oauth', child(section, 'oauth')?.at],
      ['auth: identity', showsToken(auth) ? auth?.at : undefined],
    ],
    path,
    reading,
  )
  return {
    headers,
    query: readTemplates(child(section, 'query'), `${path}.query`, reading),
    body: readTemplates(child(section, 'body'), `${path}.body`, reading),
    ...(basic === undefined ? {} : { basic: { user: basic[0], password: basic[1] } }),
    ...(certificate === undefined ? {} : { certificate: { cert: certificate[0], key: certificate[1] } }),
    ...(oauth === undefined ? {} : { oauth }),
    ...(showsToken(auth) ? { identity: { audience: textOf(child(auth, 'identity')) ?? origin } } : {}),
    ...(showsCertificate(auth) ? { svid: true } : {}),
    ...(isSigned(auth) ? { signed: true } : {}),
  }
}

function showsToken(auth: Node | undefined): boolean {
  return auth !== undefined && textOf(auth) !== 'certificate' && textOf(auth) !== 'signature'
}

function showsCertificate(auth: Node | undefined): boolean {
  const flag = child(auth, 'certificate')
  return textOf(auth) === 'certificate' || (flag?.kind === 'flag' && flag.value)
}

function isSigned(auth: Node | undefined): boolean {
  const flag = child(auth, 'signature')
  return textOf(auth) === 'signature' || (flag?.kind === 'flag' && flag.value)
}

/** One connection shows one certificate. */
function refuseTwoCertificates(
  auth: Node | undefined,
  given: Node | undefined,
  path: string,
  { faults }: Reading,
): void {
  if (auth === undefined || given === undefined || !showsCertificate(auth)) return
  faults.add(
    'manifest.duplicate_key',
    auth.at,
    `${path}: certificate and auth: certificate both set the client certificate.`,
    'keep one of the two',
  )
}

/** Each of them writes the Authorization header, and the last one would silently win. */
function refuseTwoCredentials(
  kinds: readonly (readonly [string, Position | undefined])[],
  path: string,
  { faults }: Reading,
): void {
  const [first, second] = kinds.filter(([, at]) => at !== undefined)
  if (first === undefined || second?.[1] === undefined) return
  faults.add(
    'manifest.duplicate_key',
    second[1],
    `${path}: ${first[0]} and ${second[0]} both set the Authorization header.`,
    'keep one of the two',
  )
}

function readTemplates(section: Node | undefined, path: string, reading: Reading): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entriesOf(section).map(({ key, value }) => [key, readTemplate(value, `${path}.${key}`, reading)]),
  )
}

/** Two templates of which the second must be a secret, and nothing beside it. */
function readPair(
  section: Node | undefined,
  path: string,
  one: string,
  secret: string,
  reading: Reading,
): readonly [string, string] | undefined {
  if (section === undefined) return undefined
  const first = child(section, one)
  const second = child(section, secret)
  if (first === undefined || second === undefined) return undefined // the grammar has said what is missing
  if (secret === 'key') demandSecret(first, `${path}.${one}`, reading)
  demandSecret(second, `${path}.${secret}`, reading)
  return [readTemplate(first, `${path}.${one}`, reading), readTemplate(second, `${path}.${secret}`, reading)]
}

function demandSecret(node: Node, path: string, { faults }: Reading): void {
  if (/^\{[^{}]+\}$/.test(textOf(node) ?? '')) return
  faults.add(
    'manifest.secret_in_text',
    node.at,
    `${path} must be one secret and nothing beside it.`,
    'declare it under secrets: and write "{its-name}" here',
  )
}

function readOauth(section: Node | undefined, path: string, reading: Reading): ClientCredentials | undefined {
  const token = child(section, 'token')
  const [client, secret] = readPair(section, path, 'client', 'secret', reading) ?? []
  const written = textOf(token)
  if (token === undefined || written === undefined || client === undefined || secret === undefined) return undefined
  const text = substitute(written, token.at, reading.environment, reading.substitutions, reading.faults)
  const [, origin = '', rest = ''] = /^(https?:\/\/[^/?#]*)(\/[^?#\s]*)?$/i.exec(text ?? '') ?? []
  const address =
    text === undefined ? undefined : judged(origin === '' ? text : origin, token, `${path}.token`, reading)
  if (address === undefined) return undefined
  const scope = textOf(child(section, 'scope'))
  const audience = textOf(child(section, 'audience'))
  return {
    token: `${address.origin}${rest === '' ? '/' : rest}`,
    privateToken: address.private,
    client,
    secret,
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
  }
}

/** Plain text with `{secret}` in it. The text itself is no place for one. */
function readTemplate(value: Node, path: string, reading: Reading): string {
  const { declared, faults } = reading
  const template = textOf(value) ?? ''
  refuseSubstitution(template, value.at, path, faults)
  for (const name of secretsIn(template)) resolve(name, value.at, 'secret', declared.secrets, faults)
  const plain = template.replaceAll(/\{[^{}]*\}/g, '')
  const secret = looksSecret(plain)
  if (secret !== undefined) {
    faults.add(
      'manifest.secret_in_text',
      value.at,
      `${path} holds what looks like ${secret}.`,
      'declare it under secrets: and write {its-name} here',
    )
  } else if (/[{}]/.test(plain) || !/^[\t\x20-\x7e]*$/.test(plain)) {
    faults.add('manifest.wrong_type', value.at, `${path} must be plain text with {secret} in it.`, '"Bearer {api-key}"')
  }
  return template
}
