export { createEgress } from './egress.ts'
export { startDynalite } from './dynamodb.ts'
export type { UpstreamCredentials } from './rooms.ts'
