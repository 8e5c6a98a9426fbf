import type { Upstream } from '../../people.ts'
import { child, entriesOf, type Node, textOf, textsOf } from '../../source/node.ts'
import { readAddress } from '../address.ts'
import { resolve, type Reading } from '../reading.ts'

/** Not one issuer but all of them: whoever has an account anywhere there would be vouched for. */
const everyTenant = /^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)(?:\/|$)/i

/**
 * `issuers.embedded.upstreams:`. An account there is known by its issuer and its subject, so no two upstreams may have
 * one issuer, and none may stand for many.
 */
export function readUpstreams(section: Node | undefined, { declared, faults }: Reading): readonly Upstream[] {
  const seen = new Set<string>()
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const required = (name: string): string => textOf(child(value, name)) ?? '' // reported by the grammar when absent
    const issuer = required('issuer')
    const at = child(value, 'issuer')?.at ?? keyAt
    const path = `upstreams.${key}.issuer`
    const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(issuer)?.[0] ?? issuer)
    if (address.kind === 'refused')
      faults.add('manifest.insecure_upstream', at, `${path}: ${address.why}.`, address.suggestion)
    else if (/[?#]/.test(issuer))
      faults.add('manifest.insecure_upstream', at, `${path}: an issuer has neither query nor fragment.`)
    else if (everyTenant.test(issuer))
      faults.add('manifest.insecure_upstream', at, `${path}: this stands for every tenant.`, 'name your own tenant')
    if (seen.has(issuer.replace(/\/$/, '')))
      faults.add('manifest.duplicate_name', at, `${path}: another upstream has this issuer.`, 'one upstream is enough')
    seen.add(issuer.replace(/\/$/, ''))
    const secret = child(value, 'secret')
    if (secret !== undefined) resolve(required('secret'), secret.at, 'secret', declared.secrets, faults)
    const texts = (node: Node | undefined): readonly string[] => textsOf(node).map(({ text }) => text)
    const scopes = texts(child(value, 'scopes'))
    const mfa = child(value, 'mfa')
    return {
      name: key,
      issuer,
      client: required('client'),
      secret: required('secret'),
      scopes: [...new Set(['openid', ...(scopes.length === 0 ? ['profile'] : scopes)])],
      mfa: { amr: texts(child(mfa, 'amr')), acr: texts(child(mfa, 'acr')) },
    }
  })
}
