export { type BoxExtras, createEgress, type Egress } from './egress.ts'
export { type Dynalite, startDynalite } from './dynamodb.ts'
export {
  defaultLimits,
  type EgressLimits,
  type EgressRooms,
  type FunctionInvocation,
  type Interception,
  type Leaf,
  type UpstreamCredentials,
} from './rooms.ts'
