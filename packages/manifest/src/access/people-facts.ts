import type { App, Role } from '../app.ts'
import type { SignalStream } from '../signals.ts'
import type { EmbeddedClient, Upstream } from '../people.ts'
import { showDuration } from '../source/units.ts'
import { type AccessFact, grant, measure, opaque, restraint } from './facts.ts'
import { assuranceFacts } from './route-facts.ts'

/** What a role's holders must meet, and who elevates them. */
export function roleFacts(role: Role): readonly AccessFact[] {
  const { name, jit } = role
  const anywhere = `${name} may come from anywhere`
  return [
    measure(
      `mfa ${name}`,
      role.mfa ? 0 : 1,
      role.mfa ? `${name} needs a second factor` : `${name} needs no second factor`,
    ),
    measure(
      `device ${name}`,
      role.managedDevice ? 0 : 1,
      role.managedDevice ? `${name} needs a managed device` : `${name} needs no managed device`,
    ),
    ...(role.freshSignals === true ? [restraint(`${name} counts only while signals about its holder are fresh`)] : []),
    ...(role.maxRisk === undefined ? [] : [restraint(`${name} counts only at ${role.maxRisk} risk or less`)]),
    ...(role.countries.length === 0
      ? [grant(anywhere)]
      : role.countries.map((country) => grant(`${name} may come from ${country}`, anywhere))),
    measure(
      `jit ${name}`,
      jit?.maxMs ?? Infinity,
      jit === undefined
        ? `${name} needs no elevation`
        : `${name} counts for at most ${showDuration(jit.maxMs)} once elevated`,
    ),
    ...(role.includes ?? []).map((included) => grant(`${name} may count as ${included}`)),
    ...(jit === undefined
      ? []
      : [
          ...jit.approvers.map((approver) => grant(`${approver} may approve elevation to ${name}`)),
          measure(
            `reason ${name}`,
            jit.reasonRequired ? 0 : 1,
            `elevation to ${name} needs ${jit.reasonRequired ? 'a reason' : 'no reason'}`,
          ),
          measure(
            `approvals ${name}`,
            9 - jit.approvals,
            jit.approvals === 1
              ? `elevation to ${name} needs one person who approves`
              : `elevation to ${name} needs ${jit.approvals} persons who approve`,
          ),
          measure(
            `request ${name}`,
            jit.requestMs,
            `a request for elevation to ${name} waits for ${showDuration(jit.requestMs)}`,
          ),
          measure(
            `approval ${name}`,
            jit.approvalMs,
            `an approval of elevation to ${name} may be used again for ${showDuration(jit.approvalMs)}`,
          ),
          ...(jit.breakGlassMs === undefined
            ? []
            : [
                measure(
                  `break-glass ${name}`,
                  jit.breakGlassMs,
                  `${name} may break the glass, unapproved, for ${showDuration(jit.breakGlassMs)}`,
                ),
              ]),
        ]),
  ]
}

/** Who may change a running server. */
export function administrationFacts({ administration, administrationDemands = {} }: App): readonly AccessFact[] {
  return [
    ...Object.entries(administrationDemands).flatMap(([power, demands]) => [
      ...(demands.elevated ? [restraint(`the power over ${power} needs elevation`)] : []),
      ...assuranceFacts(`the power over ${power}`, { ...demands, mfa: false }),
    ]),
    ...administration.secrets.map((role) => grant(`${role} may set secrets`)),
    ...administration.configuration.map((role) => grant(`${role} may apply a configuration`)),
    ...administration.invoke.map((role) => grant(`${role} may invoke functions directly`)),
    ...administration.users.map((role) => grant(`${role} may manage users and revoke what anybody holds`)),
  ]
}

/** Who vouches for whom. */
export function issuerFacts(app: App): readonly AccessFact[] {
  return app.issuers.flatMap((issuer) => {
    switch (issuer.kind) {
      case 'embedded':
        return [
          ...issuer.users.flatMap(({ name, roles }) => roles.map((role) => grant(`${name} may act as ${role}`))),
          ...issuer.clients.flatMap(clientFacts),
          ...(issuer.upstreams ?? []).map(upstreamFact),
        ]
      case 'cognito': {
        const groups = Object.entries(issuer.groups).map(([group, role]) => `${group} as ${role}`)
        return [
          opaque(
            `issuer ${issuer.name}`,
            `${issuer.issuer} may vouch for people: clients ${issuer.clients.join(', ') || 'any'}; ` +
              `groups ${groups.join(', ') || 'as named'}; keys ${issuer.jwksDigest?.slice(0, 12) ?? 'its own'}`,
          ),
        ]
      }
      case 'oidc': {
        const conditions = Object.entries(issuer.only ?? {}).map(([claim, values]) => `${claim} ${values.join(' or ')}`)
        return [
          opaque(
            `issuer ${issuer.name}`,
            `${issuer.issuer} may vouch for people: audience ${issuer.audience}; ` +
              `${issuer.type ?? 'standard'} tokens; roles from ${issuer.rolesClaim ?? 'where its kind has them'}; ` +
              `only ${conditions.join(', ') || 'any'}; holds ${issuer.holds?.join(', ') ?? 'none'}; ` +
              `scopes ${issuer.scopes?.join(' ') ?? 'any'}; keys ${issuer.jwksDigest?.slice(0, 12) ?? 'its own'}`,
          ),
          ...(issuer.exchangeAt === undefined ? [] : [grant(`tokens of ${issuer.issuer} may be exchanged`)]),
        ]
      }
    }
  })
}

function clientFacts({ name, roles, jwksDigest, redirects, logoutRedirects, dpop }: EmbeddedClient): AccessFact[] {
  const keys = jwksDigest === undefined ? 'proves itself by no key' : `proves itself by ${jwksDigest.slice(0, 12)}`
  return [
    ...roles.map((role) => grant(`the program ${name} may act as ${role}`)),
    ...[...redirects, ...logoutRedirects].map((address) => grant(`people may go on to ${address} from ${name}`)),
    opaque(`client ${name}`, `the program ${name} ${keys}`),
    measure(`dpop ${name}`, dpop ? 0 : 1, `tokens of ${name} are ${dpop ? '' : 'not '}bound to a key`),
  ]
}

/** Whoever holds the account there comes in as the user linked to it, so any change of it may broaden. */
function upstreamFact({ name, issuer, client, mfa }: Upstream): AccessFact {
  const factors = [...mfa.amr.map((one) => `amr ${one}`), ...mfa.acr.map((one) => `acr ${one}`)]
  const counts = factors.length === 0 ? 'one factor' : `two factors with ${factors.join(' or ')}`
  return opaque(
    `upstream ${name}`,
    `${issuer} (${name}) may vouch for users who are linked there, to the client ${client}, as ${counts}`,
  )
}

/** A stream takes trust away and gives it back, so any change of whom it is and for whom it speaks may broaden. */
export function streamFact({ name, of, transmitter, audience, jwksDigest, poll, silenceMs }: SignalStream): AccessFact {
  const keys = jwksDigest === undefined ? '' : ` by the keys ${jwksDigest.slice(0, 12)}`
  const way = poll === undefined ? 'pushes' : `is polled at ${poll}`
  return opaque(
    `signals ${name}`,
    `${transmitter}${keys} ${way} to ${audience} and tells of the people of ${of}, ` +
      `silent for ${showDuration(silenceMs)} at most`,
    2,
  )
}

/** Which database says where an address is; what is in it changes with every release, and is no grant. */
export function countryFacts({ countries }: App): readonly AccessFact[] {
  if (countries === undefined) return []
  const which = countries === 'none' ? 'no database says' : `the database ${countries.name} says`
  return [opaque('countries', `${which} where an address is`)]
}
