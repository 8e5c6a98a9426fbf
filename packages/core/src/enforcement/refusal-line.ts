import type { Deny } from '@sallyport/core/access'

/**
 * A refusal in one line, the same at every door: who may not do what, which layer said so and why, where the nearest
 * rule stands, what would mend it, and where to ask further. For logs of the operator; a caller gets less.
 */
export function refusalLine(decision: Deny, advisoryPackage?: string): string {
  const [{ subject, action, resource }] = decision.asked
  const [{ code, layer, message, at, fix }] = decision.reasons
  return [
    `${subject.name} may not ${action} on ${resource}`,
    `${layer} refused: ${code}: ${message}`,
    ...(advisoryPackage === undefined ? [] : [`asked by npm package ${advisoryPackage} (advisory)`]),
    ...(at === undefined ? [] : [`at: ${at}`]),
    ...(fix === undefined ? [] : [`fix: ${fix}`]),
    `why: sallyport why ${decision.id}`,
  ].join('; ')
}
