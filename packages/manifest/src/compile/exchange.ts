import { actions, arn, contextKeys } from '@sallyport/core/access'
import type { NamedPolicy } from '@sallyport/core/policy'

import type { App } from '../app.ts'
import type { Rules } from './rules.ts'

/** Who may take a bound token for what they show: each declared service, and holders of issuers with `exchange`. */
export function compileExchange(app: App, rules: Rules): readonly (readonly [string, NamedPolicy])[] {
  const resource = arn.exchange(app.name)
  const allow = { Effect: 'Allow', Principal: '*', Action: actions.exchangeToken, Resource: resource } as const
  const services = (app.services ?? []).map((service) =>
    rules.statement(['exchange', 'service', service.name], service.at, {
      ...allow,
      Condition: { StringEquals: { [contextKeys.principalArn]: [arn.user(app.name, `service:${service.name}`)] } },
    }),
  )
  const issuers = app.issuers.flatMap((issuer) =>
    issuer.kind === 'oidc' && issuer.exchangeAt !== undefined
      ? [
          rules.statement(['exchange', 'issuer', issuer.name], issuer.exchangeAt, {
            ...allow,
            Condition: { StringEquals: { [contextKeys.issuer]: [issuer.name] } },
          }),
        ]
      : [],
  )
  const statement = [...services, ...issuers]
  if (statement.length === 0) return []
  return [[resource, { name: 'exchange', document: { Version: '2012-10-17', Statement: statement } }]]
}
