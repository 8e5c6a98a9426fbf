export { subjectFacts, transactionFacts } from './facts.ts'
export { compileLocations } from './networks.ts'
