import { SallyportError, Secret } from '@sallyport/core/access'
import type { Table } from '@sallyport/manifest'

import type { UpstreamCredentials } from '../egress/index.ts'

/**
 * What calls to a table are signed with beyond the door. The embedded dynalite checks no signature: any pair will do;
 * an endpoint that the manifest names is called with the pair an administrator put into the vault.
 */
export function tableCredentials(
  useSecret: (name: string) => Secret<string> | undefined,
): (table: Table) => UpstreamCredentials {
  const embedded: UpstreamCredentials = { accessKeyId: 'embedded', secretAccessKey: new Secret('checks-nothing') }
  return (table) => {
    if (table.endpoint === undefined) return embedded
    const accessKeyId = useSecret('aws-access-key-id')
    const secretAccessKey = useSecret('aws-secret-access-key')
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new SallyportError('secret.missing', `The table ${table.name} has an endpoint but no AWS credential.`, {
        fix: 'sallyport secret set aws-access-key-id',
      })
    }
    return { accessKeyId: accessKeyId.reveal(), secretAccessKey }
  }
}
