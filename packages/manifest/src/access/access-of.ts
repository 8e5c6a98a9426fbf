import type { App, Elsewhere, FunctionDeclaration, Permission } from '../app.ts'
import type { Guest } from '../guest.ts'
import { showDuration } from '../source/units.ts'
import { doorFacts } from './door-facts.ts'
import { administrationFacts, countryFacts, issuerFacts, roleFacts, streamFact } from './people-facts.ts'
import { deviceFacts, serviceFacts, trustFact } from './service-facts.ts'
import { type AccessFact, grant, guardrailKey, measure, opaque, policyKey, restraint } from './facts.ts'
import { routeFacts } from './route-facts.ts'

/** Everything that an app lets happen, one sentence each: what `diff` compares and a reviewer reads. */
export function accessOf(app: App): readonly string[] {
  return accessFacts(app).map(({ line }) => line)
}

/** The same, in the form that two apps are compared by. */
export function accessFacts(app: App): readonly AccessFact[] {
  return [
    ...app.people.flatMap(roleFacts),
    ...administrationFacts(app),
    ...app.zones.flatMap((zone) => zone.from.map((from) => grant(`${from} may call into the zone ${zone.name}`))),
    ...app.locations.flatMap(({ country, networks }) =>
      networks.map((network) =>
        // What is not written down counts as what a wider network or the database says: its loss may open a country.
        opaque(`network ${country} ${network}`, `${network} may count as ${country}`, 1),
      ),
    ),
    ...countryFacts(app),
    ...issuerFacts(app),
    ...(app.signals ?? []).map(streamFact),
    ...(app.services ?? []).flatMap(serviceFacts),
    ...(app.trust ?? []).map(trustFact),
    ...deviceFacts(app),
    ...app.doors.flatMap(doorFacts),
    ...app.secrets.map(({ name, rotateMs }) =>
      measure(
        `secret ${name}`,
        rotateMs ?? Infinity,
        rotateMs === undefined
          ? `the secret ${name} may grow old without end`
          : `the secret ${name} may grow ${showDuration(rotateMs)} old`,
      ),
    ),
    ...app.tables.map((table) =>
      opaque(
        `table ${table.name}`,
        `${table.name} is ${table.arn}, keyed by ${keyOf(table)}, ` +
          (table.indexes ?? []).map((index) => `and in ${index.name} by ${keyOf(index)}, `).join('') +
          `at ${table.endpoint ?? 'the embedded endpoint'}`,
      ),
    ),
    ...app.functions.flatMap((one) => functionFacts(app, one)),
    ...(app.guardrailPolicies ?? []).map(({ name, digest }) =>
      opaque(guardrailKey(name), `the guardrail ${name} denies (${digest.slice(0, 12)})`, 2),
    ),
    ...(app.separations ?? []).map(({ kind, roles }) =>
      restraint(`nobody may have two of ${roles.join(', ')} (${kind})`),
    ),
    ...(app.guests ?? []).map(guestFact),
    ...app.only.map(({ text }) => restraint(`only ${text}`)),
    ...(app.persons ?? []).map(({ name, accounts }) => restraint(`${accounts.join(' and ')} are one person: ${name}`)),
    ...(app.elevationWebhook === undefined
      ? []
      : [opaque('webhook', `${new URL(app.elevationWebhook).origin} is told who asks for elevation, and why`)]),
  ]
}

/**
 * A guest only narrows, so that a new one takes access away and one that is gone gives it back. What any other change
 * of its policy, its data or its options does cannot be told without running it, so it may broaden.
 */
function guestFact({
  name,
  engine,
  file,
  digest,
  data,
  entrypoint,
  asks,
  of,
  deadlineMs,
  memoryMb,
}: Guest): AccessFact {
  const asked = asks.length === 0 ? 'every request' : asks.map(({ text }) => text).join(', ')
  const options =
    engine === 'opa' ? ` at ${entrypoint}${data === undefined ? '' : ` over ${data.digest.slice(0, 12)}`}` : ''
  return opaque(
    `guest ${name}`,
    `the guest ${name} narrows ${asked}${of === undefined ? '' : ` of ${of.join(', ')}`}: ` +
      `${file} (${digest.slice(0, 12)})${options}, ${deadlineMs} ms, ${memoryMb} MB`,
    2,
  )
}

function functionFacts(app: App, one: FunctionDeclaration): readonly AccessFact[] {
  const { name } = one
  const reuse = { never: 'serves one call', user: 'serves one user', shared: 'may serve many users' }[one.reuse]
  return [
    opaque(`zone ${name}`, `${name} runs in ${one.zone}`),
    ...(one.elsewhere === undefined
      ? [
          opaque(`code ${name}`, `${name} runs ${codeOf(app, one)}`),
          ...(one.engine === 'gvisor' ? [restraint(`${name} has a kernel of its own`)] : []),
          measure(`reuse ${name}`, { never: 1, user: 2, shared: 3 }[one.reuse], `a box of ${name} ${reuse}`),
        ]
      : elsewhereFacts(name, one.elsewhere)),
    ...one.routes.flatMap((route) => routeFacts(name, route)),
    ...one.can.flatMap((permission) => permissionFacts(name, permission)),
    ...(one.identityPolicies ?? []).map(({ name: policy, digest, document }) =>
      opaque(
        policyKey(name, policy),
        `${name} may do what ${policy} says (${digest.slice(0, 12)})`,
        document.Statement.some(({ Effect }) => Effect === 'Deny') ? 2 : 0,
      ),
    ),
  ]
}

/** Another handler, layer or runtime is other code under the same grants; not every runtime checks tickets. */
function codeOf({ folder }: App, { code, handler, layers, runtime, engine }: FunctionDeclaration): string {
  const relative = (path: string): string => path.slice(folder.length + 1)
  return [
    relative(code),
    handler === undefined ? [] : `as ${handler}`,
    runtime === 'node' ? [] : `by ${runtime}`,
    layers.length === 0 ? [] : `over ${layers.map(relative).join(', ')}`,
    engine === 'workerd' ? 'in workerd' : [],
  ]
    .flat()
    .join(' ')
}

/** Another address, account or version is other code, and may be other people's. */
function elsewhereFacts(name: string, elsewhere: Elsewhere): readonly AccessFact[] {
  const { version, privateUpstream } = elsewhere
  const where =
    elsewhere.engine === 'http'
      ? `at ${elsewhere.url}`
      : `in AWS Lambda as ${elsewhere.functionName} at ${elsewhere.endpoint} (${elsewhere.region})`
  return [
    opaque(`code ${name}`, `${name} runs ${where}, version ${version}, with whatever that machine reaches`),
    measure(`reuse ${name}`, 3, `${name} may serve many users in one place`),
    ...(privateUpstream ? [grant(`${name} may be in a private network`)] : []),
  ]
}

function permissionFacts(name: string, permission: Permission): readonly AccessFact[] {
  const { target } = permission
  switch (permission.kind) {
    case 'door':
      return operationFacts(`${name} may use ${target}.${permission.operation}`, permission.forRoles)
    case 'function':
      return operationFacts(`${name} may call ${target}.${permission.operation}`, permission.forRoles)
    case 'table': {
      const any = `${name} may ${permission.verb} any row of ${target}`
      const every = `${name} may write every column of ${target}`
      const columns =
        permission.verb !== 'update'
          ? []
          : permission.columns.length === 0
            ? [grant(every)]
            : permission.columns.map((column) => grant(`${name} may write ${target}.${column}`, every))
      return [
        permission.rows === 'any' ? grant(any) : grant(`${name} may ${permission.verb} own rows of ${target}`, any),
        ...permission.exceptRoles.map((role) =>
          grant(`${name} may ${permission.verb} any row of ${target} for ${role}`, any),
        ),
        ...columns,
      ]
    }
  }
}

/** For anybody, or for each role that the person behind it may hold: of which the first covers all the others. */
function operationFacts(anybody: string, forRoles: readonly string[]): readonly AccessFact[] {
  return forRoles.length === 0 ? [grant(anybody)] : forRoles.map((role) => grant(`${anybody} for ${role}`, anybody))
}

function keyOf({ partitionKey, sortKey }: { readonly partitionKey: string; readonly sortKey?: string }): string {
  return [partitionKey, sortKey ?? []].flat().join(', ')
}
