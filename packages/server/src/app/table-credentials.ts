import { SallyportError, type Secret } from '@sallyport/core/access'
import type { Table } from '@sallyport/manifest'

import type { UpstreamCredentials } from '../egress/index.ts'

type UseSecret = (name: string) => Secret<string> | undefined
type FixFor = (name: string) => { readonly fix?: string }

/**
 * The pair that an administrator put into the vault, with the token of a session where there is one. `what` begins the
 * sentence that says who needs it. Throws `secret.missing`.
 */
export function awsCredentials(useSecret: UseSecret, fixFor: FixFor): (what: string) => UpstreamCredentials {
  return (what) => {
    const accessKeyId = useSecret('aws-access-key-id')
    const secretAccessKey = useSecret('aws-secret-access-key')
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const missing = accessKeyId === undefined ? 'aws-access-key-id' : 'aws-secret-access-key'
      const message = `${what} needs the secret ${missing}, which has not been set.`
      throw new SallyportError('secret.missing', message, fixFor(missing))
    }
    const sessionToken = useSecret('aws-session-token')
    return {
      accessKeyId: accessKeyId.reveal(),
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    }
  }
}

/** What calls to the endpoint of a table are signed with beyond the door: the pair from the vault. */
export function tableCredentials(useSecret: UseSecret, fixFor: FixFor): (table: Table) => UpstreamCredentials {
  const fromVault = awsCredentials(useSecret, fixFor)
  return ({ name }) => fromVault(`The endpoint of the table ${name}`)
}
