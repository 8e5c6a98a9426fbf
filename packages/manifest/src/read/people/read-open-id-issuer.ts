import { type IssuerKind, issuerKinds, lintTrust } from '@sallyport/core/identity'

import type { Issuer } from '../../app.ts'
import type { Position } from '../../position.ts'
import { child, entriesOf, type Node, textOf, textsOf } from '../../source/node.ts'
import { readAddress } from '../address.ts'
import { type Reading, resolve } from '../reading.ts'

/** An issuer outside, whose tokens are verified against its own keys. Trust that reaches too far is a fault. */
export function readOpenIdIssuer(
  name: string,
  keyAt: Position,
  value: Node,
  keys: { readonly jwksFile?: string; readonly jwksDigest?: string },
  { declared, faults }: Reading,
): readonly Issuer[] {
  const audience = textOf(child(value, 'audience'))
  const type = kindOf(textOf(child(value, 'type')))
  const issuerNode = child(value, 'issuer')
  const issuer = textOf(issuerNode) ?? (type === undefined ? undefined : issuerKinds[type].address)
  if (issuer === undefined || audience === undefined || audience === '') {
    faults.add('manifest.missing_key', keyAt, `issuers.${name} needs "authorizer", or "issuer" and "audience".`)
    return []
  }
  // A path is part of an issuer's name (OpenID Connect Discovery 1.0 §4.1); the origin is judged as a door's is.
  const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(issuer)?.[0] ?? issuer)
  if (address.kind === 'refused') {
    const why = `issuers.${name}: ${address.why}.`
    faults.add('manifest.insecure_upstream', issuerNode?.at ?? keyAt, why, address.suggestion)
  }
  const conditions = entriesOf(child(value, 'only'))
  const only = Object.fromEntries(conditions.map((entry) => [entry.key, valuesOf(entry.value)]))
  const held = textsOf(child(value, 'holds'))
  for (const { text, at } of held) resolve(text, at, 'role', declared.roles, faults)
  const scopes = textsOf(child(value, 'scopes')).map(({ text }) => text)
  const rolesClaim = textOf(child(value, 'roles')) ?? (type === undefined ? 'roles' : undefined)
  if (type !== undefined) {
    for (const { code, at, message } of lintTrust({ type, issuer, audience, only })) {
      const place = conditions.find(({ key }) => key === at)?.keyAt ?? child(value, at)?.at ?? keyAt
      faults.report({ code, ...place, message: `issuers.${name}: ${message}.` })
    }
  }
  return [
    {
      kind: 'oidc',
      name,
      issuer,
      audience,
      ...(rolesClaim === undefined ? {} : { rolesClaim }),
      ...(type === undefined ? {} : { type }),
      ...(conditions.length === 0 ? {} : { only }),
      ...(held.length === 0 ? {} : { holds: held.map(({ text }) => text) }),
      ...(scopes.length === 0 ? {} : { scopes }),
      ...exchangeOf(child(value, 'exchange')),
      ...keys,
    },
  ]
}

function exchangeOf(node: Node | undefined): { readonly exchangeAt?: Position } {
  return node?.kind === 'flag' && node.value ? { exchangeAt: node.at } : {}
}

function valuesOf(node: Node): readonly string[] {
  const text = textOf(node)
  return text === undefined ? textsOf(node).map((each) => each.text) : [text]
}

/** The grammar has refused any other word by now. */
function kindOf(text: string | undefined): IssuerKind | undefined {
  return text !== undefined && isKind(text) ? text : undefined
}

function isKind(text: string): text is IssuerKind {
  return Object.hasOwn(issuerKinds, text)
}
