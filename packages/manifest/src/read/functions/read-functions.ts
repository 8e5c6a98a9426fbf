import { arn } from '@sallyport/core/access'

import type { AttachedPolicy, FunctionDeclaration, Permission, Route } from '../../app.ts'
import { parsePathTemplate } from '../../match/path.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../../source/node.ts'
import { parseDurationMs, parseLimit } from '../../source/units.ts'
import { routeKey } from '../../source/words.ts'
import { readAssurance } from './read-assurance.ts'
import { readBodySchema } from './body-schema.ts'
import { looksSecret } from '../looks-secret.ts'
import { readBoxes, readCode } from './read-code.ts'
import { readCalls, readElsewhere } from './read-elsewhere.ts'
import { readPermissions } from './read-permissions.ts'
import { readPolicies } from '../read-policies.ts'
import { resolve, type Reading } from '../reading.ts'
import { refuseSubstitution } from '../substitute.ts'

/** `functions:` */
export function readFunctions(section: Node | undefined, reading: Reading): readonly FunctionDeclaration[] {
  return entriesOf(section).map((entry) => readFunction(entry, reading))
}

function readFunction({ key, keyAt, value }: Entry, reading: Reading): FunctionDeclaration {
  const { declared, faults, files } = reading
  const zoneNode = child(value, 'zone')
  const zone = textOf(zoneNode) ?? ''
  if (zoneNode !== undefined) resolve(zone, zoneNode.at, 'zone', declared.zones, faults)
  const elsewhere = readElsewhere(key, value, reading)
  const code = elsewhere === undefined ? readCode(key, value, reading) : { code: '', runtime: 'node' as const }
  const can = readPermissions(key, child(value, 'can'), reading)
  const identityPolicies = readPolicies(child(value, 'policies'), 'identity', reading)
  const memory = child(value, 'memory')
  const tmp = child(value, 'tmp')
  return {
    name: key,
    zone,
    arn: arn.functionOf(declared.app, zone, key),
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...readEngine(textOf(child(value, 'engine'))),
    ...code,
    layers: textsOf(child(value, 'layers')).flatMap(({ text, at }) => files.locate(text, at, faults) ?? []),
    boxes: elsewhere === undefined ? readBoxes(key, child(value, 'boxes'), reading) : readCalls(child(value, 'calls')),
    routes: readRoutes(key, zone, child(value, 'routes'), reading),
    offers: readOffers(key, child(value, 'offers'), reading),
    ...readEvent(textOf(child(value, 'event'))),
    can,
    identityPolicies,
    environment: readEnvironment(key, child(value, 'env'), reading),
    reuse: readReuse(textOf(child(value, 'reuse'))) ?? (needsOneUser(can, identityPolicies) ? 'user' : 'shared'),
    timeoutMs: parseDurationMs(textOf(child(value, 'timeout')) ?? '10s') ?? 10_000,
    memoryMb: memory?.kind === 'number' ? memory.value : 256,
    ...(tmp?.kind === 'number' ? { tmpMb: tmp.value } : {}),
    at: keyAt,
  }
}

function readRoutes(functionName: string, zone: string, section: Node | undefined, reading: Reading): readonly Route[] {
  const { declared, faults } = reading
  return entriesOf(section).flatMap(({ key, keyAt, value }): Route[] => {
    const [method = '', path = ''] = key.split(' ')
    if (parsePathTemplate(path) === undefined) {
      // The grammar has reported every other form; this one has dot segments or one name twice.
      if (routeKey.test(key)) {
        faults.add(
          'manifest.wrong_type',
          keyAt,
          `functions.${functionName}.routes: "${path}" has dot segments, or one name twice.`,
        )
      }
      return []
    }
    const who = textsOf(child(value, 'who'))
    const anyone = who.some(({ text }) => text === 'anyone')
    for (const { text, at } of who) {
      if (text !== 'anyone') resolve(text, at, 'role', [...declared.roles, 'anyone'], faults)
      else if (who.length > 1) faults.add('manifest.unsupported', at, `${key}: "anyone" stands alone.`, 'who: [anyone]')
    }
    const limit = parseLimit(textOf(child(value, 'limit')) ?? '')
    const maxBody = child(value, 'maxBodyBytes')
    const body = readBody(child(value, 'body'), reading)
    const assurance = readAssurance(value)
    if (anyone && assurance !== undefined)
      faults.add('manifest.unsupported', keyAt, `${key}: what anyone may call demands nothing of a sign-in.`)
    return [
      {
        key,
        method,
        path,
        who: who.map(({ text }) => text),
        anyone,
        ...body,
        ...(limit === undefined ? {} : { limit }),
        maxBodyBytes: maxBody?.kind === 'number' ? maxBody.value : 1024 * 1024,
        ...(assurance === undefined ? {} : { assurance }),
        arn: arn.route(declared.app, zone, functionName, key),
        at: keyAt,
      },
    ]
  })
}

function readBody(node: Node | undefined, { files, faults }: Reading): Pick<Route, 'bodySchema' | 'bodySchemaFile'> {
  const name = textOf(node)
  if (node === undefined || name === undefined) return {}
  const file = files.read(name, node.at, faults)
  if (file === undefined) return {}
  return { bodySchema: readBodySchema(file, node.at, faults), bodySchemaFile: { path: name, digest: file.digest } }
}

function readOffers(functionName: string, section: Node | undefined, { faults }: Reading): readonly string[] {
  const seen = new Set<string>()
  for (const { text, at } of textsOf(section)) {
    if (seen.has(text)) faults.add('manifest.duplicate_key', at, `functions.${functionName} offers "${text}" twice.`)
    seen.add(text)
  }
  return [...seen]
}

/** Names that the Lambda Runtime API or the loader reads: a manifest that set them could change what runs. */
const reservedVariables = /^(?:AWS_|_HANDLER$|LAMBDA_|LD_|NODE_OPTIONS$|PATH$|SALLYPORT_)/

function readEnvironment(
  functionName: string,
  section: Node | undefined,
  { faults }: Reading,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entriesOf(section).map(({ key, keyAt, value }) => {
      const text = textOf(value) ?? ''
      const path = `functions.${functionName}.env.${key}`
      refuseSubstitution(text, value.at, path, faults)
      const secret = looksSecret(text)
      if (secret !== undefined) {
        faults.add(
          'manifest.secret_in_text',
          value.at,
          `${path} holds what looks like ${secret}.`,
          'declare it under secrets: and let a door add it; the function needs no key',
        )
      }
      if (reservedVariables.test(key)) {
        faults.add(
          'manifest.unsupported',
          keyAt,
          `${path}: the platform sets this variable itself.`,
          'choose another name',
        )
      }
      return [key, text]
    }),
  )
}

function readEngine(text: string | undefined): Pick<FunctionDeclaration, 'engine'> {
  return text === 'workerd' || text === 'gvisor' ? { engine: text } : {}
}

function readEvent(text: string | undefined): Pick<FunctionDeclaration, 'event'> {
  return text === 'http' || text === 'rest' || text === 'url' || text === 'alb' ? { event: text } : {}
}

function readReuse(text: string | undefined): FunctionDeclaration['reuse'] | undefined {
  return text === 'never' || text === 'user' || text === 'shared' ? text : undefined
}

/** `user` wherever a policy speaks of the user served: code could otherwise carry one user's rows to another. */
function needsOneUser(can: readonly Permission[], attached: readonly AttachedPolicy[]): boolean {
  return (
    can.some((one) => (one.kind === 'table' ? one.rows === 'own' : one.forRoles.length > 0)) ||
    attached.some(({ document }) => /sallyport:transaction/i.test(JSON.stringify(document)))
  )
}
