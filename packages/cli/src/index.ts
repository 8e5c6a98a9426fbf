export { exitCodes } from './exit-codes.ts'
export { application, runCommand } from './run-command.ts'
export type { Terminal } from './terminal.ts'
