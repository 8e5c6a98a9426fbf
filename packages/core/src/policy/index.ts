export { type Authority, compilePolicies } from './authority.ts'
export { decide, evaluateDocuments, type LayerPolicies, nearestMiss } from './decide.ts'
export {
  type AppPolicies,
  type ConditionValues,
  type NamedPolicy,
  type PolicyDocument,
  type Principal,
  type Statement,
} from './document.ts'
export { type NearMiss } from './explain.ts'
export { type PolicyFault, type PolicyFaultCode, type PolicyKind, type PolicyReasonCode } from './fault.ts'
export { limits } from './limits.ts'
export { decideNaively } from './naive.ts'
export { type Operator, operators } from './operators.ts'
export { type ParsedPolicy, parsePolicy, validateDocument } from './parse-policy.ts'
export { nearestWord } from './suggest.ts'
