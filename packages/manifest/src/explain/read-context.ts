import { contextKeys, type AccessRequest, type ContextValue } from '@sallyport/core/access'
import { riskLevels } from '@sallyport/core/identity'

import type { Role } from '../app.ts'

/** The value of a context key; keys compare without regard to case, as in the engine. */
export function valueOf({ context }: AccessRequest, key: string): ContextValue | undefined {
  const name = key.toLowerCase()
  return Object.entries(context).find(([one]) => one.toLowerCase() === name)?.[1]
}

/** True when the key holds the value, alone or among others. */
export function holds(request: AccessRequest, key: string, wanted: string): boolean {
  return listOf(request, key).includes(wanted)
}

/** Every value under the key. */
export function listOf(request: AccessRequest, key: string): readonly string[] {
  const value = valueOf(request, key)
  if (value === undefined) return []
  return typeof value === 'object' ? value : [String(value)]
}

/** True when the key holds the boolean true, or its word; absent counts as false. */
export function flag(request: AccessRequest, key: string): boolean {
  return String(valueOf(request, key)).toLowerCase() === 'true'
}

/** The one string under the key. Undefined when it is absent, or a list. */
export function text(request: AccessRequest, key: string): string | undefined {
  const value = valueOf(request, key)
  return typeof value === 'string' ? value : undefined
}

/** True when a signal stream sees more risk in the subject than the role accepts. */
export function exceedsRisk({ maxRisk }: Pick<Role, 'maxRisk'>, request: AccessRequest): boolean {
  const risk = text(request, contextKeys.risk)
  if (maxRisk === undefined || risk === undefined) return false
  return !riskLevels.slice(0, riskLevels.indexOf(maxRisk) + 1).some((level) => level === risk)
}
