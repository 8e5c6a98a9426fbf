import type { App } from '@sallyport/manifest'

/** The name under which AWS clients that read `AWS_ENDPOINT_URL` find us; the credential scope says which service. */
export const awsHost = 'any.aws.internal'

/** Our own name, and what clients put before it: S3's a bucket, others an account. */
export function isAwsHost(host: string): boolean {
  return host === awsHost || host.endsWith(`.${awsHost}`)
}

const kept = new WeakMap<App, ReadonlySet<string>>()

/**
 * AWS's own names for the tables that the manifest declares. Clients that know no other endpoint (boto3 before 1.28,
 * the first SDK for Java) dial these; the door stands there too. A door that the manifest writes down for such a name
 * is the user's word, and goes before.
 */
export function awsNames(app: App): ReadonlySet<string> {
  const known = kept.get(app)
  if (known !== undefined) return known
  const doors = new Set(app.doors.map(({ to }) => new URL(to).hostname))
  const names = new Set(
    app.tables.map(({ region }) => `dynamodb.${region}.amazonaws.com`).filter((name) => !doors.has(name)),
  )
  kept.set(app, names)
  return names
}

/** Whether a request is for the AWS door: by our own name in plain HTTP, by AWS's within TLS. */
export function isForAws(
  app: App,
  {
    scheme,
    host,
    port,
  }: { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: string | undefined },
): boolean {
  if (scheme === 'http') return isAwsHost(host) && (port ?? '80') === '80'
  return (port ?? '443') === '443' && awsNames(app).has(host)
}

/** Every name that boxes may be shown a certificate for: the hosts of doors, and AWS's for the tables. */
export function interceptedNames(app: App): readonly string[] {
  return [...new Set([...app.doors.map(({ to }) => new URL(to).hostname), ...awsNames(app)])]
}
