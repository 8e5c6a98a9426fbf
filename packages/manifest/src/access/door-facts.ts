import { defaultMaxBodyBytes, type Constraints, type Door, type DoorOperation } from '../door.ts'
import { describeField } from '../match/constraint.ts'
import { showDuration } from '../source/units.ts'
import { bound, grant, measure, opaque, type AccessFact } from './facts.ts'

/** What a door lets happen, one sentence each. What is not written down has no sentence, so that lists stay short. */
export function doorFacts(door: Door): readonly AccessFact[] {
  const { name, add, limit } = door
  if (door.kind !== 'http') return tunnelFacts(door)
  const added = (what: string, template: string): AccessFact =>
    opaque(`add ${name} ${what}`, `${name} adds ${what}: ${template}`)
  const { basic, certificate, oauth, identity, svid, signed } = add
  return [
    ...door.ops.flatMap((op) => operationFacts(door, op)),
    opaque(
      `upstream ${name}`,
      `${door.to} is reached at ${door.upstream}${door.peer === undefined ? '' : `, where ${door.peer} must answer`}`,
    ),
    ...(door.privateUpstream ? [grant(`${name} may be in a private network`)] : []),
    ...Object.entries(add.headers).map(([header, template]) => added(header, template)),
    ...Object.entries(add.query).map(([key, template]) => added(`the query parameter ${key}`, template)),
    ...Object.entries(add.body).map(([key, template]) => added(`the field ${key}`, template)),
    ...(basic === undefined ? [] : [added('Basic credentials', `${basic.user}:${basic.password}`)]),
    ...(certificate === undefined ? [] : [added('a client certificate', `${certificate.cert}, ${certificate.key}`)]),
    ...(oauth === undefined
      ? []
      : [
          added(
            'an access token',
            `${oauth.client}:${oauth.secret} at ${oauth.token}` +
              `, scope ${oauth.scope ?? 'none'}, audience ${oauth.audience ?? 'none'}`,
          ),
        ]),
    ...(identity === undefined ? [] : [added('an identity token', `for ${identity.audience}`)]),
    ...(svid === true ? [added('a client certificate', "the function's own")] : []),
    ...(signed === true ? [added('a signature', 'of each request, for its function')] : []),
    ...door.accept.map((header) => grant(`the header ${header} may pass ${name}`)),
    ...(limit === undefined ? [] : [callBound(name, limit)]),
  ]
}

/** Whoever may connect may say anything in there: that is what a reviewer must read. */
function tunnelFacts({ name, kind, to, upstream, privateUpstream, database }: Door): readonly AccessFact[] {
  const how = {
    http: '',
    opaque: 'by TLS that nobody looks into',
    tcp: 'by bytes that nobody looks into',
    postgres: 'by PostgreSQL',
  }[kind]
  return [
    opaque(`op ${name}.connect`, `${name}.connect reaches ${to} ${how}`),
    opaque(
      `upstream ${name}`,
      `${to} is reached at ${upstream}${privateUpstream ? ', also in a private network' : ''}`,
    ),
    ...(database === undefined
      ? []
      : [
          opaque(
            `login ${name}`,
            `${name} signs in as ${database.user} with ${database.password} to ${database.database}` +
              (database.tls ? '' : ', without TLS'),
          ),
        ]),
  ]
}

function operationFacts(door: Door, op: DoorOperation): readonly AccessFact[] {
  const label = `${door.name}.${op.name}`
  const parts = (what: string, constraints: Constraints | undefined): readonly AccessFact[] =>
    constraints === undefined
      ? []
      : [opaque(`${what} ${label}`, `${label} takes ${what} ${describeConstraints(constraints)}`, 2)]
  const { headers, fields } = op.returns ?? {}
  return [
    opaque(`op ${label}`, `${label} is ${op.method} ${door.to}${op.path}`),
    ...parts('query', op.query),
    ...parts('body', op.body),
    ...(headers === undefined
      ? []
      : [opaque(`returned headers ${label}`, `${label} returns the headers ${headers.join(', ') || 'none'}`, 2)]),
    ...(fields === undefined
      ? []
      : [opaque(`returned fields ${label}`, `${label} returns the fields ${fields.join(', ')}`, 2)]),
    ...(op.limit === undefined ? [] : [callBound(label, op.limit)]),
    ...(op.retries === 0
      ? []
      : [measure(`retries ${label}`, op.retries, `${label} is tried ${op.retries} times more`)]),
    ...(op.maxBodyBytes === defaultMaxBodyBytes
      ? []
      : [
          {
            ...measure(`size ${label}`, op.maxBodyBytes, `${label} takes bodies of at most ${op.maxBodyBytes} bytes`),
            absentRank: defaultMaxBodyBytes,
          },
        ]),
  ]
}

function callBound(label: string, { calls, perMs }: { calls: number; perMs: number }): AccessFact {
  const line = `${label} takes ${calls} calls per ${showDuration(perMs)} from one function`
  return bound(`limit ${label}`, calls / perMs, line)
}

function describeConstraints({ open, fields }: Constraints): string {
  const listed = fields.map((field) => `${field.name}${field.optional ? '?' : ''} ${describeField(field)}`.trimEnd())
  return [...listed, open ? 'and any other' : 'and no other'].join(', ')
}
