import type { Subject } from '@sallyport/core/access'
import type { SigningCredential } from '@sallyport/core/identity'
import type { App } from '@sallyport/manifest'

import type { BoxChannel, FunctionImage } from '../host/index.ts'
import { awsHost } from './aws/aws-names.ts'
import type { Ending } from './ending.ts'

/** What a box is given for its own AWS client. Worth nothing anywhere but on the listeners of that box. */
export interface BoxCredential extends SigningCredential {
  readonly accessKeyId: string
  readonly sessionToken: string
}

/** One box, as the egress door sees it. */
export interface Box {
  readonly id: string
  readonly image: FunctionImage
  readonly subject: Subject
  readonly credential: BoxCredential
  readonly current: BoxChannel['current']
  /** Aborted at the end of the invocation, and replaced. Take it when a head completes. */
  signal(): Ending
}

/** Fresh worthless credentials for one box. The prefix is none of AWS's, so no scanner takes them for real ones. */
export function makeCredential(random: (bytes: number) => Uint8Array): BoxCredential {
  const text = (bytes: number): string => Buffer.from(random(bytes)).toString('hex')
  return {
    accessKeyId: `SPBX${text(8).toUpperCase()}`,
    secretAccessKey: text(20),
    sessionToken: `box-${text(24)}`,
    generation: text(8),
  }
}

/** The environment that lets an unmodified AWS SDK find the door. Every value in it may be known to the function. */
export function boxEnvironment(app: App, credential: BoxCredential): Readonly<Record<string, string>> {
  const region = app.tables[0]?.region ?? 'us-east-1'
  return {
    AWS_ACCESS_KEY_ID: credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    AWS_SESSION_TOKEN: credential.sessionToken,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: `http://${awsHost}`,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/** A function's identity: which one it is, and which code of it runs. */
export function subjectOf(image: FunctionImage): Subject {
  return {
    kind: 'function',
    id: image.arn,
    name: image.name,
    roles: [],
    workload: { zone: image.zone, codeDigest: image.codeDigest },
  }
}
