export { addPrincipalFacts, addTransactionFacts, principalFacts, subjectFacts } from './facts.ts'
export { type AskGuests } from './ask-guests.ts'
export { bundledCountryDatabase, type CountryDatabase, openCountryDatabase } from './country-database.ts'
export { compileLocations, countedNetwork } from './networks.ts'
