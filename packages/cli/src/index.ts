// What the house's own programs (the example's story, the documents, the benchmarks) use of the command.
export { type Canaries, openCanaries } from './attacks/canaries.ts'
export { send } from './attacks/client.ts'
export { command, findRunningApp, type RunningApp, startApp } from './attacks/running-app.ts'
export { type Strength, tokens } from './attacks/tokens.ts'
export { exitCodes } from './exit-codes.ts'
export { helpTexts, runCommand } from './run-command.ts'
export { shortAction, shortResource, showTransaction } from './show-transaction.ts'
export { findTransaction, type Hop, readRecords, type Transaction, transactionOf } from './transaction.ts'
