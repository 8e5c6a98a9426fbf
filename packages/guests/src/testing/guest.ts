import { type AccessRequest, contextKeys } from '@sallyport/core/access'
import type { Guest } from '@sallyport/manifest'

import { assemble, manyFaced } from './modules.ts'

let module: Promise<Uint8Array> | undefined

/** An OPA guest that behaves as this entrypoint of the module of many faces. */
export async function opaGuest(entrypoint: string, changes: Partial<Guest> = {}): Promise<Guest> {
  module ??= assemble(manyFaced)
  return { ...guest, engine: 'opa', entrypoint, bytes: await module, ...changes }
}

/** A guest of these Cedar policies. */
export function cedarGuest(policies: string, changes: Partial<Guest> = {}): Guest {
  return { ...guest, engine: 'cedar', memoryMb: 64, bytes: new TextEncoder().encode(policies), ...changes }
}

// Longer than any of these tests needs on a busy machine, but for those that wait for it to pass.
const guest: Omit<Guest, 'engine' | 'bytes'> = {
  name: 'tested',
  file: 'policies/tested',
  digest: '',
  entrypoint: '',
  asks: [],
  deadlineMs: 60_000,
  memoryMb: 4,
  at: { file: 'sallyport.yaml', line: 1, column: 1 },
}

/** A request of alice's, who is support. */
export function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    id: '1'.repeat(32),
    transaction: '2'.repeat(32),
    subject: { kind: 'user', id: 'arn:sallyport:identity:shop::user/alice', name: 'alice', roles: ['support'] },
    action: 'sallyport:CallRoute',
    resource: 'arn:sallyport:route:shop:public:front/GET /orders',
    context: { [contextKeys.country]: 'CH', [contextKeys.mfa]: true },
    actors: [],
    ...changes,
  }
}

/** What a guest called `tested` said of a request. */
export function saidOf({ context }: AccessRequest): {
  readonly verdict: unknown
  readonly fault: unknown
  readonly detail: unknown
  readonly latencyMs: unknown
} {
  const of = (key: string): unknown => context[`${key}/tested`]
  return {
    verdict: of(contextKeys.guest),
    fault: of(contextKeys.guestFault),
    detail: of(contextKeys.guestDetail),
    latencyMs: of(contextKeys.guestLatencyMs),
  }
}
