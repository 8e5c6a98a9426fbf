export { exitCodes } from './exit-codes.ts'
export { helpTexts, runCommand } from './run-command.ts'
export type { Terminal } from './terminal.ts'
