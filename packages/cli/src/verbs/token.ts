import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { createVerifier, type JwksDocument, parseJwt, subjectOf } from '@sallyport/core/identity'
import { buildCommand, type Command } from '@stricli/core'
import { SallyportError } from '@sallyport/core/access'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, statusOf } from '../local-api.ts'
import { appFolder, type Terminal } from '../terminal.ts'
import { describeSvid } from './token-svid.ts'

/** `token`: what an access token proves, to this app, at this moment. The token itself is never printed. */
export const token: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [], Terminal>({
  docs: {
    brief: 'Tell what an access token proves; never the token itself',
    fullDescription:
      'The token is read from standard input; with --as, or after `sallyport login` when nothing is piped in, it is ' +
      'that of the person. It is verified against the keys of the embedded issuer and of the exchange; a ' +
      "function's JWT-SVID against the app's SPIFFE bundle. " +
      'Exits with 1 when it proves nothing.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags } },
  func: answering(async (terminal, flags) => {
    const folder = appFolder(terminal, flags.app)
    const piped = flags.as === undefined ? new TextDecoder().decode(await terminal.readInput()).trim() : ''
    const text =
      piped === '' ? (await askerFor(terminal, folder, flags)).person.accessToken : piped.replace(/^Bearer /i, '')
    const { issuer, caFile, app } = await statusOf(localApi(folder))
    const nowSeconds = (): number => Math.floor(terminal.clock() / 1_000)
    // What the server publishes stands beside its authority.
    const published = (name: string): unknown => {
      const file = join(dirname(caFile), name)
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { keys: [] }
    }
    const jwt = parseJwt(text)
    if (jwt.kind === 'parsed' && String(jwt.claims['sub']).startsWith('spiffe://')) {
      return describeSvid(jwt, published('spiffe-bundle.json'), nowSeconds())
    }
    const { issuerKeys } = await import('../login/index.ts')
    const keys = keysIn(await issuerKeys(issuer, readFileSync(caFile, 'utf8')))
    return describe(text, { issuer, app, keys, exchanged: keysIn(published('token-keys.json')), nowSeconds })
  }),
})

interface Against {
  readonly issuer: string
  readonly app: string
  readonly keys: JwksDocument
  /** Keys of the exchange. */
  readonly exchanged: JwksDocument
  readonly nowSeconds: () => number
}

async function describe(text: string, { issuer, app, keys, exchanged, nowSeconds }: Against): Promise<Answer> {
  const audience = `urn:sallyport:${app}`
  const embedded = { kind: 'embedded', name: 'embedded', issuer, audience, keys } as const
  const sts = { kind: 'sts', name: 'sts', issuer: `urn:sallyport:sts:${app}`, audience, keys: exchanged } as const
  const verifier = createVerifier({ issuers: [embedded, sts], nowSeconds, skewSeconds: 60 })
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
    issuer: verdict.issuer.issuer,
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
    `${name}, says ${verdict.issuer.issuer}`,
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
