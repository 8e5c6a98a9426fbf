import { accountOf } from './arn.ts'
import type { Principal, Statement } from '../document.ts'

/** Whether a subject's id is meant. */
export type PrincipalMatcher = (subject: string) => boolean

/** Compiles Principal or NotPrincipal; without either, everybody to whom the policy is attached is meant. */
export function compilePrincipal(source: Statement): PrincipalMatcher {
  if (source.Principal !== undefined) return compileNames(source.Principal)
  if (source.NotPrincipal === undefined) return () => true
  const named = compileNames(source.NotPrincipal)
  return (subject) => !named(subject)
}

/** `*`, also as `{ "AWS": "*" }`, means everybody, the anonymous subject too (IAM, "Principal"). */
function compileNames(principal: Principal): PrincipalMatcher {
  if (typeof principal === 'string') return () => true
  const ids = new Set<string>()
  const accounts = new Set<string>()
  for (const [type, listed] of Object.entries(principal)) {
    for (const value of typeof listed === 'string' ? [listed] : listed) {
      const account = type === 'AWS' ? wholeAccount(value) : undefined
      if (value === '*') return () => true
      ids.add(value)
      if (account !== undefined) accounts.add(account)
    }
  }
  if (accounts.size === 0) return (subject) => ids.has(subject)
  return (subject) => ids.has(subject) || accounts.has(accountOf(subject) ?? '')
}

/** The account that `123456789012` or its root's ARN stands for: all of its principals. */
function wholeAccount(value: string): string | undefined {
  if (/^\d{12}$/.test(value)) return value
  return /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(value)?.[1]
}
