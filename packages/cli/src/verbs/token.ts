import { readFileSync } from 'node:fs'

import { createVerifier, type JwksDocument, parseJwt, subjectOf } from '@sallyport/core/identity'
import { buildCommand, type Command } from '@stricli/core'
import { SallyportError } from '@sallyport/core/access'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, statusOf } from '../local-api.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** `token`: what an access token proves, to this app, at this moment. The token itself is never printed. */
export const token: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [], Terminal>({
  docs: {
    brief: 'Tell what an access token proves; never the token itself',
    fullDescription:
      'The token is read from standard input; with --as, or after `sallyport login` when nothing is piped in, it is ' +
      'that of the person. It is verified against the keys of the embedded issuer. ' +
      'Exits with 1 when it proves nothing.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags } },
  func: answering(async (terminal, flags) => {
    const folder = appFolder(terminal, flags.app)
    const piped = flags.as === undefined ? new TextDecoder().decode(await terminal.readInput()).trim() : ''
    const text =
      piped === '' ? (await askerFor(terminal, folder, flags)).person.accessToken : piped.replace(/^Bearer /i, '')
    const { issuer, caFile, app } = await statusOf(localApi(folder))
    const { issuerKeys } = await import('../login/index.ts')
    const keys = keysIn(await issuerKeys(issuer, readFileSync(caFile, 'utf8')))
    return describe(text, { issuer, app, keys, nowSeconds: () => Math.floor(terminal.clock() / 1_000) })
  }),
})

interface Against {
  readonly issuer: string
  readonly app: string
  readonly keys: JwksDocument
  readonly nowSeconds: () => number
}

async function describe(text: string, { issuer, app, keys, nowSeconds }: Against): Promise<Answer> {
  const audience = `urn:sallyport:${app}`
  const embedded = { kind: 'embedded', name: 'embedded', issuer, audience, keys } as const
  const verifier = createVerifier({ issuers: [embedded], nowSeconds, skewSeconds: 60 })
  const verdict = await verifier.verify(text)
  if (verdict.kind === 'refused') {
    const { code, message } = verdict
    return { exit: 'refused', json: { proves: false, code, message }, text: `it proves nothing: ${message} (${code})` }
  }
  const { name, roles, authentication, device, sessionId } = subjectOf(verdict, app)
  const parsed = parseJwt(text)
  const claims = parsed.kind === 'refused' ? {} : parsed.claims
  const bound = isRecord(claims['cnf']) ? Object.keys(claims['cnf']).join(', ') : undefined
  const actors = actorsIn(claims['act'])
  const leftSeconds = (authentication?.expiresAtSeconds ?? 0) - nowSeconds()
  const found = {
    proves: true,
    subject: name,
    issuer,
    roles,
    methods: authentication?.methods ?? [],
    mfa: authentication?.mfa ?? false,
    authenticatedAt: new Date((authentication?.authenticatedAtSeconds ?? 0) * 1_000).toISOString(),
    session: sessionId,
    device: device?.id,
    boundTo: bound,
    actors,
    leftSeconds,
  }
  const lines = [
    `${name}, says ${issuer}`,
    `  roles     ${roles.join(', ') || 'none'}`,
    `  proved    ${found.methods.join(', ') || 'nothing by itself'}${found.mfa ? ' (two factors)' : ''}`,
    `  at        ${found.authenticatedAt}`,
    `  device    ${device?.id ?? 'not proved'}`,
    `  session   ${sessionId ?? 'none'}`,
    `  bound     ${bound ?? 'to nothing: whoever holds it may use it'}`,
    ...(actors.length === 0 ? [] : [`  acting    ${actors.join(', for ')}`]),
    `  ends in   ${leftSeconds} s`,
  ]
  return { exit: 'ok', json: found, text: lines.join('\n') }
}

function actorsIn(act: unknown): readonly string[] {
  const actors: string[] = []
  for (let one = act; isRecord(one) && actors.length < 16; one = one['act']) actors.push(String(one['sub']))
  return actors
}

function keysIn(value: unknown): JwksDocument {
  const keys: unknown = isRecord(value) ? value['keys'] : undefined
  if (!Array.isArray(keys)) throw new SallyportError('cli.no_answer', 'the issuer gave no keys')
  return { keys }
}
