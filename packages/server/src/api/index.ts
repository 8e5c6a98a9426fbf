export { administrationGate, type AdministrationRooms } from './gate.ts'
export { type ApiOptions, type ApiReads, startApi } from './server.ts'
export { type AdministrativeRequest, type ApiAnswer, type Asked, type Verb } from './verb.ts'
export { type AdministrativeActs, administrativeVerbs } from './verbs.ts'
