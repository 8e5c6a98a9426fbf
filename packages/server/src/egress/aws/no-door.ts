import type { Head } from '../listen/head.ts'

/** What of AWS has a door at all. */
export const doorsOfAws = 'Of the services of AWS, DynamoDB alone has a door here.'

/** What stands in the place of a service that has none. */
const instead: Readonly<Record<string, string>> = {
  secretsmanager: 'A door adds a secret by itself (secrets, add), so that no code holds it.',
  ssm: 'A door adds a secret by itself (secrets, add), and what is none stands under env.',
  kms: 'A door adds a secret by itself (secrets, add), so that no code has to decrypt it.',
  lambda: 'A function calls another at http://NAME.fn.internal/OPERATION, where can says so.',
  s3: 'What somebody else presigned goes through an ordinary door to the bucket.',
}

/** Says of a service that it has no door, and what does its work. */
export function noDoor(service: string): string {
  const named = /^[a-z0-9-]{1,40}$/.test(service) ? service : 'another service'
  return [`There is no door to ${named}.`, doorsOfAws, instead[named]].filter(Boolean).join(' ')
}

/**
 * The service for which a request says it is signed (Signature Version 4, credential scope), in its header or in its
 * query. Nothing is verified: it tells a refusal how to be worded, and can only lead to one.
 */
export function serviceOf({ headers, query }: Pick<Head, 'headers' | 'query'>): string | undefined {
  const scope = /Credential=[^/,\s]+\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/i
  const signed = scope.exec(headers.get('authorization') ?? '')
  return (signed ?? scope.exec(query.replaceAll(/%2f/gi, '/')))?.[1]?.toLowerCase()
}

/** How the protocol of a request words an error, so that its client can read it. */
export type ErrorForm = 'json' | 'query' | 's3'

/** S3 speaks XML of its own, and what takes forms (SNS, STS, IAM) another one; the rest JSON. */
export function errorFormOf(head: Pick<Head, 'headers' | 'query'>): ErrorForm {
  if (head.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true) return 'query'
  return serviceOf(head) === 's3' ? 's3' : 'json'
}
