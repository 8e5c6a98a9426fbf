export { principalFacts, subjectFacts, transactionFacts } from './facts.ts'
export { type AskGuests } from './ask-guests.ts'
export { compileLocations } from './networks.ts'
