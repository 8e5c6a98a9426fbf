import { importKey, type ParsedJwt, verifyJws } from '@sallyport/core/identity'

import type { Answer } from '../answer.ts'
import { isRecord } from '../local-api.ts'

/** What a function's JWT-SVID proves by the app's own bundle: to whoever its audience is, not to this gateway. */
export async function describeSvid(jwt: ParsedJwt, bundle: unknown, nowSeconds: number): Promise<Answer> {
  const { sub, aud, exp, code, transaction, user } = jwt.claims
  if (!(await isSignedBy(jwt, bundle))) return nothing('no key of the trust domain signed it', 'svid.signature')
  if (typeof exp !== 'number' || nowSeconds >= exp) return nothing('it is over', 'svid.expired')
  const cnf = jwt.claims['cnf']
  const bound = isRecord(cnf) ? Object.keys(cnf).join(', ') : undefined
  const actors = Array.isArray(jwt.claims['actors']) ? jwt.claims['actors'].map(String) : []
  const found = { proves: true, subject: sub, audience: aud, code, transaction, user, actors, boundTo: bound }
  const lines = [
    `${String(sub)}, a function of this app`,
    `  to        ${String(aud)}`,
    `  code      ${String(code)}`,
    `  for       ${typeof user === 'string' ? user : 'nobody'}, in transaction ${String(transaction)}`,
    ...(actors.length === 0 ? [] : [`  called by ${actors.join(', ')}`]),
    `  bound     ${bound ?? 'to nothing: whoever holds it may use it'}`,
    `  ends in   ${exp - nowSeconds} s`,
  ]
  return { exit: 'ok', json: { ...found, leftSeconds: exp - nowSeconds }, text: lines.join('\n') }
}

/** Adversary: whoever hands somebody a token and says that it is a function's. */
async function isSignedBy(jwt: ParsedJwt, bundle: unknown): Promise<boolean> {
  const keys: readonly unknown[] = isRecord(bundle) && Array.isArray(bundle['keys']) ? bundle['keys'] : []
  const key = keys.find((one) => isRecord(one) && one['use'] === 'jwt-svid' && one['kid'] === jwt.keyId)
  const record = isRecord(key) ? await importKey({ ...key, use: 'sig' }) : undefined
  return record !== undefined && (await verifyJws(jwt, record)) === undefined
}

function nothing(message: string, code: string): Answer {
  return { exit: 'refused', json: { proves: false, code, message }, text: `it proves nothing: ${message} (${code})` }
}
