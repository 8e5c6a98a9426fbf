import type { ActionCatalogue, KnownAction } from '../catalogue.ts'

const bucket = { like: 'arn:*:s3:::*', unlike: 'arn:*:s3:::*/*' }
const object = { like: 'arn:*:s3:::*/*' }
const actions: Readonly<Record<string, readonly KnownAction[]>> = {
  s3: [
    { name: 'ListAllMyBuckets', resources: [], askedOn: 'arn:aws:s3:::*', keys: ['s3:authType'] },
    { name: 'ListBucket', resources: [bucket], keys: ['s3:prefix', 's3:BucketTag/*'] },
    { name: 'GetObject', resources: [object], keys: ['s3:ExistingObjectTag/*'] },
    { name: 'PutObject', resources: [object], keys: ['s3:x-amz-acl', 's3:RequestObjectTag/*'] },
  ],
  ec2: [
    { name: 'DescribeInstances', resources: [], keys: ['ec2:Region'] },
    { name: 'StartInstances', resources: [{ like: 'arn:*:ec2:*:*:instance/*' }], keys: ['ec2:InstanceType'] },
  ],
}
const byService = new Map(
  Object.entries(actions).map(([service, known]) => [
    service,
    new Map(known.map((action) => [action.name.toLowerCase(), action])),
  ]),
)

/** For tests: a few actions of two services. */
export const smallCatalogue: ActionCatalogue = {
  services: [...byService.keys()],
  actionsOf: (service) => byService.get(service),
}
