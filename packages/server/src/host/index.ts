export { type BoxEvent } from './box/box-surroundings.ts'
export { buildFunction, moduleFoldersOf } from './build/build.ts'
export { type BuildFault } from './build/build-fault.ts'
export { type BoxEngineOptions, createBoxEngine } from './box-engine.ts'
export { type BoxExtras } from './box/box-options.ts'
export { type CgroupRoots, engineGroups, findCgroups } from './kernel/cgroups.ts'
export { type AttachExits, type BoxChannel, type Engine, type Exits, type OutputLine, type Strength } from './engine.ts'
export { createHttpEngine } from './elsewhere/http-engine.ts'
export { createLambdaEngine } from './elsewhere/lambda-engine.ts'
export { createRests, gather, type Gathering, giveBack, isTooFine, partsInTurn } from './gather.ts'
export { type Deployed, type Engines, routeEngines } from './engines.ts'
export { type FunctionImage } from './image.ts'
export { type FunctionAnswer, type FunctionCall, toApiGatewayEvent } from './runtime/event.ts'
export { toEvent } from './runtime/event-forms.ts'
export {
  failureDetail,
  type Invocation,
  type InvocationResult,
  publicFailure,
  type StreamedAnswer,
} from './invocation.ts'
export { examineHost, type HostFinding } from './examine.ts'
export { describeIsolation, type Isolation, type IsolationFinding, probeIsolation } from './kernel/isolation.ts'
export { runtimeFolderFor } from './box/runtime-folder.ts'
export { readFunctionResult } from './runtime/read-answer.ts'
export { haltPollPath, readHaltPollNs, usualHaltPollNs } from './kernel/idle.ts'
export { requireRunsc } from './kernel/runsc.ts'
export { openedWhenNeeded } from './when-needed.ts'
