export { type Authority, compilePolicies } from './decide/authority.ts'
export { type ActionCatalogue, type KnownAction } from './catalogue.ts'
export { decide, missingKeys, nearestMiss } from './decide/decide.ts'
export {
  type AppPolicies,
  type ConditionValues,
  type NamedPolicy,
  type PolicyDocument,
  type PolicyLayers,
  type PolicyLevel,
  type Principal,
  type Statement,
} from './document.ts'
export { assemble, compile, compileLayer, type LayerSet, type PolicySet } from './decide/policy-set.ts'
export { type NearMiss } from './decide/explain.ts'
export { type PolicyFault, type PolicyFaultCode, type PolicyKind, type PolicyReasonCode } from './fault.ts'
export { limits } from './limits.ts'
export { decideNaively } from './naive/naive.ts'
export { type Proof, type ProofCode, type Unknown } from './proof/find-request.ts'
export type { LintCode, LintFinding } from './proof/lint/lint-finding.ts'
export { lintPolicy } from './proof/lint/lint.ts'
export { disjoint, equal, narrows, type Question, unreachable, within } from './proof/prove.ts'
export { type Operator, operators } from './match/operators.ts'
export { type ParsedPolicy, parsePolicy, validateDocument } from './read/parse-policy.ts'
export { type Answer, makeAnswerer, type QueryError } from './query/query.ts'
export { nearestWord } from './read/suggest.ts'
export { truthColumns, type TruthRow, truthTable } from './truth-table.ts'
