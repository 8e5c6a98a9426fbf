import { actions, arn, contextKeys } from '@sallyport/core/access'
import type { NamedPolicy, Statement } from '@sallyport/core/policy'

import type { App, Role } from '../app.ts'
import type { AdministrativePower } from '../people.ts'
import type { SignalStream } from '../signals.ts'
import { administratorCondition, both, type Condition, unmetConditions } from './conditions.ts'
import type { Rules } from './rules.ts'

/** The context key that holds the ARN of whoever asks, so that a policy can tell requester from approver. */
export const subjectKey = 'sallyport:Subject'

type Attachment = readonly [string, NamedPolicy]

/** `administration` and `jit` → a resource policy on each administrative resource. */
export function compileAdministration(app: App, rules: Rules): readonly Attachment[] {
  return [
    ...app.people.filter((role) => role.jit !== undefined).flatMap((role) => compileElevation(app, role, rules)),
    ...app.secrets.flatMap((secret) => power(app, rules, 'secrets', actions.setSecret, `secret/${secret.name}`)),
    ...power(app, rules, 'configuration', actions.applyConfiguration, 'configuration'),
    ...power(app, rules, 'users', actions.manageUsers, 'users'),
    ...power(app, rules, 'users', actions.revoke, 'revocation'),
    ...power(app, rules, 'users', [actions.quarantine, actions.release], 'quarantine'),
    ...(app.signals ?? []).map((stream) => compileStream(app, stream, rules)),
    ...app.functions.flatMap((one) =>
      power(app, rules, 'invoke', actions.invokeDirectly, `function/${one.name}/invoke`),
    ),
  ]
}

function compileElevation(app: App, role: Role, rules: Rules): readonly Attachment[] {
  const request = arn.admin(app.name, `elevation/request/${role.name}`)
  const approve = arn.admin(app.name, `elevation/approve/${role.name}`)
  const end = arn.admin(app.name, `elevation/revoke/${role.name}`)
  const approvers = app.people.filter((one) => role.jit?.approvers.includes(one.name))
  return [
    attach(request, `elevation/request/${role.name}`, [
      rules.statement(['elevation', 'request', role.name], role.at, {
        ...allow(actions.requestElevation, request),
        Condition: administratorCondition(role),
      }),
    ]),
    attach(approve, `elevation/approve/${role.name}`, [
      ...approvers.map((one) =>
        rules.statement(['elevation', 'approve', role.name, 'by', one.name], role.at, {
          ...allow([actions.approveElevation, actions.denyElevation], approve),
          Condition: administratorCondition(one),
        }),
      ),
      ...denySelfApproval(role, approve, rules),
    ]),
    attach(end, `elevation/revoke/${role.name}`, [
      ...approvers.map((one) =>
        rules.statement(['elevation', 'revoke', role.name, 'by', one.name], role.at, {
          ...allow(actions.revokeElevation, end),
          Condition: administratorCondition(one),
        }),
      ),
      // Whoever gives up a power needs no leave.
      rules.statement(['elevation', 'revoke', role.name, 'own'], role.at, {
        ...allow(actions.revokeElevation, end),
        Condition: {
          'ForAnyValue:StringEquals': { [contextKeys.requester]: [`\${${subjectKey}}`] },
          Null: { [subjectKey]: 'false' },
        },
      }),
    ]),
    ...(role.jit?.breakGlassMs === undefined ? [] : [breakGlass(app, role, rules)]),
  ]
}

/** A transmitter may speak on its own stream. */
function compileStream(app: App, { name, at }: SignalStream, rules: Rules): Attachment {
  const resource = arn.admin(app.name, `signal/${name}`)
  return attach(resource, `signal/${name}`, [
    rules.statement(['signal', name], at, {
      ...allow(actions.sendSignal, resource),
      Principal: { AWS: arn.transmitter(app.name, name) },
    }),
  ])
}

/** Nobody approves; what stands against misuse is the alarm, and the short while. */
function breakGlass(app: App, role: Role, rules: Rules): Attachment {
  const resource = arn.admin(app.name, `elevation/break-glass/${role.name}`)
  return attach(resource, `elevation/break-glass/${role.name}`, [
    rules.statement(['elevation', 'break-glass', role.name], role.at, {
      ...allow(actions.breakGlass, resource),
      Condition: administratorCondition(role),
    }),
  ])
}

/**
 * Nobody approves their own request, with none of their accounts. Where either name is missing one cannot tell, so that
 * is denied as well: a positive operator on an absent variable is false, and the first deny alone would let it through.
 */
function denySelfApproval(role: Role, resource: string, rules: Rules): readonly Statement[] {
  const deny = { Effect: 'Deny', Principal: '*', Action: actions.approveElevation, Resource: resource } as const
  const sid = ['elevation', 'approve', role.name]
  return [
    rules.statement([...sid, 'never-by-requester'], role.at, {
      ...deny,
      Condition: { 'ForAnyValue:StringEquals': { [contextKeys.requester]: `\${${subjectKey}}` } },
    }),
    rules.statement([...sid, 'requester-known'], role.at, {
      ...deny,
      Condition: { Null: { [contextKeys.requester]: 'true' } },
    }),
    rules.statement([...sid, 'approver-known'], role.at, { ...deny, Condition: { Null: { [subjectKey]: 'true' } } }),
  ]
}

function power(
  app: App,
  rules: Rules,
  name: AdministrativePower,
  action: string | readonly string[],
  path: string,
): readonly Attachment[] {
  const resource = arn.admin(app.name, path)
  const holders = app.people.filter((role) => app.administration[name].includes(role.name))
  const [first] = holders
  if (first === undefined) return []
  const demands = app.administrationDemands?.[name]
  const allows = holders.map((role) =>
    rules.statement(['admin', path, role.name], role.at, {
      ...allow(action, resource),
      Condition: demands?.elevated === true ? whileElevated(role) : administratorCondition(role),
    }),
  )
  // Where the allow stands, so does what keeps it: there is no place of its own for a demand.
  const denies = unmetConditions(demands).map(([demand, Condition]) =>
    rules.statement(['admin', path, 'unless', demand], first.at, {
      ...allow(action, resource),
      Effect: 'Deny',
      Condition,
    }),
  )
  return [attach(resource, path, [...allows, ...denies])]
}

function whileElevated(role: Role): Condition {
  return both(administratorCondition(role), {
    'ForAnyValue:StringEquals': role.jit === undefined ? {} : { [contextKeys.elevatedRoles]: [role.name] },
  })
}

function allow(
  action: string | readonly string[],
  resource: string,
): Pick<Statement, 'Effect' | 'Principal' | 'Action' | 'Resource'> {
  return { Effect: 'Allow', Principal: '*', Action: action, Resource: resource }
}

function attach(resource: string, name: string, statement: readonly Statement[]): Attachment {
  return [resource, { name, document: { Version: '2012-10-17', Statement: statement } }]
}
