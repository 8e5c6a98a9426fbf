import { SallyportError, Secret } from '@sallyport/core/access'
import type { Table } from '@sallyport/manifest'

import type { UpstreamCredentials } from '../egress/index.ts'

/**
 * What calls to a table are signed with beyond the door. The embedded dynalite checks no signature: any pair will do;
 * an endpoint that the manifest names is called with the pair an administrator put into the vault.
 */
export function tableCredentials(
  useSecret: (name: string) => Secret<string> | undefined,
  fixFor: (name: string) => { readonly fix?: string },
): (table: Table) => UpstreamCredentials {
  const embedded: UpstreamCredentials = { accessKeyId: 'embedded', secretAccessKey: new Secret('checks-nothing') }
  return (table) => {
    if (table.endpoint === undefined) return embedded
    const accessKeyId = useSecret('aws-access-key-id')
    const secretAccessKey = useSecret('aws-secret-access-key')
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const missing = accessKeyId === undefined ? 'aws-access-key-id' : 'aws-secret-access-key'
      const message = `The table ${table.name} has an endpoint, and the secret ${missing} has not been set.`
      throw new SallyportError('secret.missing', message, fixFor(missing))
    }
    return { accessKeyId: accessKeyId.reveal(), secretAccessKey }
  }
}
