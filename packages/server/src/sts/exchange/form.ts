/**
 * What a proof is said to be (RFC 8693 §3): a token of an issuer by its use, or any JWT; of SVIDs, `jwt` is what there
 * is to say.
 */
export type ProofType = 'jwt' | 'access_token' | 'id_token' | 'aws-caller-identity'

/** What is asked of the exchange, or why it cannot be understood. */
export type ExchangeForm =
  | {
      readonly kind: 'exchange'
      readonly token: string
      readonly tokenType: ProofType
      readonly scope: readonly string[] | undefined
    }
  /** RFC 8705 §2: the client certificate is all there is. */
  | { readonly kind: 'certificate'; readonly scope: readonly string[] | undefined }
  | { readonly kind: 'refused'; readonly code: ExchangeFormCode }

/** Stable codes, documented in docs/errors.md. */
export type ExchangeFormCode =
  | 'exchange.form'
  | 'exchange.grant_type'
  | 'exchange.token_type'
  | 'exchange.audience'
  | 'exchange.actor'

/** What `grant_type`, `subject_token_type` and `issued_token_type` say. */
export const exchangeWords = {
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  certificate: 'client_credentials',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  awsCallerIdentity: 'urn:sallyport:token-type:aws-caller-identity',
} as const

/**
 * What may stand in a form. `client_id` is read past: libraries send it with every request (RFC 6749 §3.2.1), and who
 * asks is whom the proof proves.
 */
const known: ReadonlySet<string> = new Set([
  'client_id',
  'grant_type',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'audience',
  'scope',
])

/**
 * Reads a request for a token (RFC 8693 §2.1, RFC 6749 §4.4). Adversary: whoever sends a parameter twice, or one that
 * we would pass over and another reader would not.
 */
export function readExchangeForm(body: Uint8Array, contentType: string | undefined, audience: string): ExchangeForm {
  const refuse = (code: ExchangeFormCode): ExchangeForm => ({ kind: 'refused', code })
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    return refuse('exchange.form')
  }
  const fields = readFields(body)
  if (fields === undefined) return refuse('exchange.form')
  if (fields.has('actor_token')) return refuse('exchange.actor')
  if (fields.has('resource') || (fields.get('audience') ?? audience) !== audience) return refuse('exchange.audience')
  if ([...fields.keys()].some((name) => !known.has(name))) return refuse('exchange.form')
  if ((fields.get('requested_token_type') ?? exchangeWords.accessToken) !== exchangeWords.accessToken) {
    return refuse('exchange.token_type')
  }
  const token = fields.get('subject_token')
  const type = fields.get('subject_token_type')
  const scope = fields
    .get('scope')
    ?.split(' ')
    .filter((one) => one !== '')
  switch (fields.get('grant_type') ?? '') {
    case exchangeWords.certificate:
      return token === undefined && type === undefined ? { kind: 'certificate', scope } : refuse('exchange.form')
    case exchangeWords.exchange: {
      if (token === undefined || token === '') return refuse('exchange.form')
      const tokenType = tokenTypes.get(type ?? '')
      return tokenType === undefined ? refuse('exchange.token_type') : { kind: 'exchange', token, tokenType, scope }
    }
    default:
      return refuse('exchange.grant_type')
  }
}

const tokenTypes: ReadonlyMap<string, ProofType> = new Map<string, ProofType>([
  [exchangeWords.jwt, 'jwt'],
  [exchangeWords.accessToken, 'access_token'],
  [exchangeWords.idToken, 'id_token'],
  [exchangeWords.awsCallerIdentity, 'aws-caller-identity'],
])

/** Undefined when a name stands twice, or when the bytes are no UTF-8. */
function readFields(body: Uint8Array): ReadonlyMap<string, string> | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined // the decoder's answer to bytes that are no UTF-8
  }
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) return undefined
    fields.set(name, value)
  }
  return fields
}
