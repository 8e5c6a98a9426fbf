export {
  type App,
  type AttachedPolicy,
  type Expectation,
  type Fault,
  type Elsewhere,
  type FunctionDeclaration,
  type Invariant,
  type Issuer,
  type Permission,
  type Role,
  type Route,
  type SecretDeclaration,
  type Table,
  type Zone,
} from './app.ts'
export { type EventForm } from './event-form.ts'
export { type Position } from './position.ts'
export { type Constraints, type Door, type DoorOperation, type Returns, secretsIn, secretsOf } from './door.ts'
export { type Guest } from './guest.ts'
export { type DeviceManagerDeclaration, type Devices } from './devices.ts'
export { type SignalStream } from './signals.ts'
export { type AwsRole, type Service, type TrustDomain } from './service.ts'
export { accessDiff, type AccessDiff, compareFacts } from './access/access-diff.ts'
export { accessFacts, accessOf } from './access/access-of.ts'
export { type Allowed, allowInManifest } from './access/allow-in-manifest.ts'
export { type AccessFact } from './access/facts.ts'
export { applyProposal, type Proposal, propose, type Unproposed } from './learn/propose.ts'
export { parseSeen, type SeenExit } from './learn/seen.ts'
export { policyOf } from './access/policy-of.ts'
export { type Ask, describeAsk } from './ask/describe-ask.ts'
export { unlistedDoorArn } from './ask/describe-object.ts'
export { type AdministrativePower, type Assurance, type EmbeddedClient, type Jit, type Upstream } from './people.ts'
export { type Chain, chainTo, type Hop } from './check/chain.ts'
export { type AskGuests, runExpectations, runExpectationsWith } from './check/expectations.ts'
export { checkCeilings } from './check/ceilings.ts'
export { checkInvariants } from './check/invariants.ts'
export { type Target, targetsOf } from './check/reach.ts'
export { type Could, whoCould } from './check/who.ts'
export { checkApp, type LoadedApp, loadApp } from './check/load-app.ts'
export { subjectKey } from './compile/administration.ts'
export { compileApp, type CompiledApp } from './compile/compile-app.ts'
export { isAskedOf } from './compile/guests.ts'
export { explain } from './explain/explain.ts'
export { powerOf } from './explain/explain-administration.ts'
export { setSecretFix } from './explain/person.ts'
export { wording } from './explain/wording.ts'
export { brokenConstraint, describeField, type FieldMap, flattenFields, mayBeTakenFor } from './match/constraint.ts'
export { type DoorMatch, matchDoor, matchDoorAt } from './match/door.ts'
export { accountsOfPerson } from './match/persons.ts'
export { matchRoute, type RouteMatch } from './match/route.ts'
export { type CompiledPattern, compilePattern, type PatternBudget } from './pattern/pattern.ts'
export { type Surroundings } from './read/files.ts'
export { type Loaded, loadManifest, manifestFile } from './read/load-manifest.ts'
export { readPlainFile } from './read/plain-file.ts'
export { looksSecret } from './read/looks-secret.ts'
export { manifestJsonSchema } from './source/json-schema.ts'
export { faultCodes, showPosition } from './source/faults.ts'
export { newManifest, type NewApp } from './templates/new-manifest.ts'
