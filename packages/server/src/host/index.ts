export { type BoxEvent } from './box-surroundings.ts'
export { buildFunction, moduleFoldersOf } from './build.ts'
export { type BuildFault } from './build-fault.ts'
export { type BoxEngineOptions, createBoxEngine } from './box-engine.ts'
export { type BoxExtras } from './box-options.ts'
export { type CgroupRoots, engineGroups, findCgroups } from './cgroups.ts'
export {
  type AttachExits,
  type BoxListeners,
  type Engine,
  type Exits,
  type FunctionImage,
  type OutputLine,
  type Strength,
} from './engine.ts'
export { type FunctionAnswer, type FunctionCall, fromFunctionResult, toApiGatewayEvent } from './event.ts'
export { type Invocation, type InvocationResult, type StreamedAnswer } from './invocation.ts'
export { examineHost, type HostFinding } from './examine.ts'
export { describeIsolation, type Isolation, type IsolationFinding, probeIsolation } from './isolation.ts'
export { runtimeFolderFor } from './runtime-folder.ts'
