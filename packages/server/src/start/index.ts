export { modeOf, parseServerArguments, type ServerOptions, startCommand } from './arguments.ts'
export { describeFailure, failureFields, explainListenFailure } from './failure.ts'
export type { Outside } from './outside.ts'
