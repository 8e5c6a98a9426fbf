import type { Deny } from '@sallyport/core/access'

/**
 * A refusal in one line, the same at every door: who may not do what, which layer said so and why, where the nearest
 * rule stands, what would mend it, and where to ask further. For logs of the operator; a caller gets less.
 */
export function refusalLine(decision: Deny, advisoryPackage?: string): string {
  const [{ subject, action, resource }] = decision.asked
  const [{ code, layer, message, at, fix }] = decision.reasons
  return [
    `${subject.name} may not ${action} on ${readable(resource)}`,
    `${layer} refused: ${code}: ${message}`,
    ...(advisoryPackage === undefined ? [] : [`asked by npm package ${advisoryPackage} (advisory)`]),
    ...(at === undefined ? [] : [`at: ${at}`]),
    ...(fix === undefined ? [] : [`fix: ${fix}`]),
    `why: sallyport why ${decision.id}`,
  ].join('; ')
}

/** A door is known by its own name. What no door answers stands after `?/`, and is shown as the address it is. */
function readable(resource: string): string {
  return resource.replace(/^arn:sallyport:door:[^:]*::(?:\?\/)?/, 'door ')
}
