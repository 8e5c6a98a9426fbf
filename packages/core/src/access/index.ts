export {
  type AccessRequest,
  type Context,
  type ContextValue,
  type Layer,
  layers,
  type Reason,
} from './access-request.ts'
export { commandLine, rootCommandLine } from './command-line.ts'
export { contextKeys } from './context-keys.ts'
export { type Allow, type Decision, type Deny } from './decision.ts'
export type { Draft } from './draft.ts'
export { SallyportError } from './error.ts'
export { type Epochs, type Grant, isGrant, sealGrant } from './grant.ts'
export { actions, arn } from './names.ts'
export { type Durability, isReceipt, type Receipt, sealReceipt } from './receipt.ts'
export {
  type AlarmRecord,
  type AskedRecord,
  type BootDeadlines,
  type ConfigurationRecord,
  type DecisionRecord,
  type ElevationRecord,
  type EnrolmentRecord,
  type GapRecord,
  type LedgerRecord,
  type LifecycleRecord,
  type NameRecord,
  type NotificationRecord,
  type OutcomeRecord,
  type QuarantineRecord,
  type RevocationRecord,
  type SignalRecord,
  type SignInRecord,
} from './record.ts'
export { isRevoked, revocationTargets, type RevokedAt } from './revocation.ts'
export { Secret } from './secret.ts'
export { anonymous, type Authentication, type Credential, type Device, type Subject } from './subject.ts'
