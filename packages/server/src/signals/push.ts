import type { IngressRequest, IngressResponse } from '../gateway/index.ts'
import type { Verdict } from './gate.ts'

/** Where a transmitter pushes a stream's events. */
export function pushPath(stream: string): string {
  return `/.well-known/sallyport/signals/${stream}`
}

/** Our refusals in the words of RFC 8935 §2.4; any other is `invalid_request`. */
const errorCodes: ReadonlyMap<string, string> = new Map([
  ['signal.wrong_issuer', 'invalid_issuer'],
  ['signal.wrong_audience', 'invalid_audience'],
  ['signal.unknown_key', 'invalid_key'],
  ['signal.signature', 'authentication_failed'],
  ['signal.foreign_subject', 'access_denied'],
])

/** The same for a refusal that is reported to a transmitter that is polled (RFC 8936 §2.6). */
export function errorOf({ code, message }: { readonly code: string; readonly message: string }): {
  readonly err: string
  readonly description: string
} {
  return { err: errorCodes.get(code) ?? 'invalid_request', description: `${code}: ${message}` }
}

/** What ends when asked again, rather than with a mended event: the transmitter must keep it. */
const passing: ReadonlySet<string> = new Set(['signal.keys_unavailable', 'signal.memory_full'])

/** True where the event was not judged and must be sent again. */
export function mustComeAgain(verdict: Verdict): boolean {
  return verdict.kind === 'unavailable' || (verdict.kind === 'refused' && passing.has(verdict.code))
}

/**
 * Push delivery (RFC 8935): one event token as the body. Adversary: anybody who reaches the gateway; only the token's
 * signature counts.
 */
export async function takePush(
  request: IngressRequest,
  deliver: (token: string) => Promise<Verdict>,
): Promise<IngressResponse> {
  if (request.method !== 'POST') return answer(405, { err: 'invalid_request', description: 'Events are POSTed.' })
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';', 1)
  if (request.fault !== undefined || type.trim().toLowerCase() !== 'application/secevent+jwt') {
    const description = request.fault?.message ?? 'The content type is application/secevent+jwt.'
    return answer(400, { err: 'invalid_request', description })
  }
  const verdict = await deliver(new TextDecoder().decode(request.body))
  if (verdict.kind === 'taken') return { status: 202, headers: [['cache-control', 'no-store']], body: new Uint8Array() }
  if (mustComeAgain(verdict)) return answer(503, { err: 'unavailable', description: 'Send it again.' })
  return answer(400, verdict.kind === 'refused' ? errorOf(verdict) : {})
}

function answer(status: number, body: Readonly<Record<string, string>>): IngressResponse {
  const headers = [
    ['content-type', 'application/json'],
    ['content-language', 'en'],
    ['cache-control', 'no-store'],
    ...(status === 405 ? [['allow', 'POST'] as const] : []),
    ...(status === 503 ? [['retry-after', '5'] as const] : []),
  ] as const
  return { status, headers, body: new TextEncoder().encode(JSON.stringify(body)) }
}
