import type { Gate } from './gate.ts'

/** One request, one walk, no way back. Read it top to bottom; that is the product. */
export async function enforce<Request, Response>(request: Request, gate: Gate<Request, Response>): Promise<Response> {
  const subject = await gate.authenticate(request)
  const asked = await gate.gather(gate.describe(request, subject))
  const decision = gate.decide(asked)
  const receipt = await gate.record(decision)
  if (decision.effect === 'deny') return gate.refuse(decision, receipt, request)
  const grant = await gate.admit(decision, receipt)
  const { response, outcome } = await gate.pass(request, grant)
  gate.settle(grant, outcome)
  return response
}
