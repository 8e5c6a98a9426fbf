export { type Authority, compilePolicies } from './decide/authority.ts'
export { decide, evaluateDocuments, type LayerPolicies, nearestMiss } from './decide/decide.ts'
export {
  type AppPolicies,
  type ConditionValues,
  type NamedPolicy,
  type PolicyDocument,
  type Principal,
  type Statement,
} from './document.ts'
export { type NearMiss } from './decide/explain.ts'
export { type PolicyFault, type PolicyFaultCode, type PolicyKind, type PolicyReasonCode } from './fault.ts'
export { limits } from './limits.ts'
export { decideNaively } from './naive/naive.ts'
export { type Operator, operators } from './match/operators.ts'
export { type ParsedPolicy, parsePolicy, validateDocument } from './read/parse-policy.ts'
export { nearestWord } from './read/suggest.ts'
