export { type Circumstances, decisionRecord, sessionOf } from './decision-record.ts'
export { enforce } from './enforce.ts'
export { type Gate, type Outcome, type Passed } from './gate.ts'
export { refusalLine } from './refusal-line.ts'
