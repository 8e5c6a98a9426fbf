export { modeOf, parseServerArguments, type ServerOptions, startCommand } from './arguments.ts'
export { type CgroupFiles, kernelFiles } from './cgroup-files.ts'
export {
  type CgroupRoots,
  type Controller,
  controllers,
  enableControllers,
  findCgroups,
  pidsOf,
  tryWrite,
} from './cgroups.ts'
export { setRuntimeFlags } from './runtime-flags.ts'
export { dropRoot, tryDropping } from './drop.ts'
export { describeFailure, failureFields, explainListenFailure } from './failure.ts'
export { handedListener } from './listeners.ts'
export { namespaceFix } from './namespace-fix.ts'
export type { Outside } from './outside.ts'
export { bystander, readRights, type Rights, uidOutside } from './rights.ts'
export { runtimeFolderFor } from './runtime-folder.ts'
export { blockAt, chooseBlock, type UidBlock } from './uid-block.ts'
