export { interceptedNames } from './aws/aws-names.ts'
export { createEgress } from './egress.ts'
export { startDynalite } from './aws/dynamodb.ts'
export type { UpstreamCredentials } from './rooms.ts'
