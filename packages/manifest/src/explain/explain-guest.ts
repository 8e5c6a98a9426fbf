import { contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { Guest } from '../guest.ts'
import { text, valueOf } from './read-context.ts'
import { reword } from './wording.ts'

/** Why a guest's guardrail denied: what the guest said and how long it took, or why it said nothing. */
export function explainGuest(reason: Reason, request: AccessRequest, { name }: Guest): Reason {
  const latency = valueOf(request, `${contextKeys.guestLatencyMs}/${name}`)
  const took = typeof latency === 'number' ? ` (${latency} ms)` : ''
  const said = text(request, `${contextKeys.guestDetail}/${name}`)
  const facts = { subject: request.subject.name, object: `${request.action} on ${request.resource}`, guest: name }
  if (text(request, `${contextKeys.guest}/${name}`) !== undefined) {
    return reword(reason, 'guest.denied', { ...facts, detail: `${said ?? 'it gives no reason'}${took}` })
  }
  const fault = text(request, `${contextKeys.guestFault}/${name}`)
  const because = said === undefined ? '' : `: ${said}`
  const detail = fault === undefined ? 'it was not asked' : `${fault}${because}${took}`
  return reword(reason, 'guest.no_verdict', { ...facts, detail })
}
