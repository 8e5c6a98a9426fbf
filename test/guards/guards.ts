import type { Guard } from './guard.ts'
import { gatewayGuards } from './gateway.ts'
import { identityGuards } from './identity.ts'

/** Every guard that an attack could profit from the loss of. A new guard is one entry in its room's table. */
export const guards: readonly Guard[] = [...identityGuards, ...gatewayGuards]
