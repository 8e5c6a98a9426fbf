import type { AccessRequest, Context, Subject } from '@sallyport/core/access'

/**
 * What a guest is told of one request. Made member by member: a subject may one day hold more, and a guest sees no
 * token, no session and no secret. docs/guests.md describes it for those who write policies.
 */
export interface GuestInput {
  readonly principal: GuestPrincipal
  readonly action: string
  readonly resource: string
  /** The facts that policies may ask for, by their context keys. */
  readonly context: Context
  /** The person on whose behalf it runs. */
  readonly user?: GuestPrincipal
  /** The functions on the way, outermost first, as ARNs. */
  readonly actors: readonly string[]
  readonly transaction: string
}

/** Who asks, or on whose behalf. */
export interface GuestPrincipal {
  readonly kind: Subject['kind']
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly issuer?: string
  readonly mfa?: boolean
  readonly methods?: readonly string[]
  readonly authenticatedAtSeconds?: number
  readonly deviceManaged?: boolean
  readonly deviceType?: string
  readonly zone?: string
}

/** Facts that guests state themselves; no guest is told of another's, and nobody else may state one. */
const ofGuests = /^sallyport:guest/i

/** The document that is evaluated: `input` of Rego, request and entities of Cedar. */
export function guestInput({
  subject,
  action,
  resource,
  context,
  user,
  actors,
  transaction,
}: AccessRequest): GuestInput {
  return {
    principal: principalOf(subject),
    action,
    resource,
    context: withoutGuests(context),
    ...(user === undefined ? {} : { user: principalOf(user) }),
    actors,
    transaction,
  }
}

/** The context without anything that only a guest may have said. */
export function withoutGuests(context: Context): Context {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !ofGuests.test(key)))
}

function principalOf({ kind, id, name, roles, issuer, authentication, device, workload }: Subject): GuestPrincipal {
  return {
    kind,
    id,
    name,
    roles,
    ...(issuer === undefined ? {} : { issuer }),
    ...(authentication === undefined
      ? {}
      : {
          mfa: authentication.mfa,
          methods: authentication.methods,
          authenticatedAtSeconds: authentication.authenticatedAtSeconds,
        }),
    ...(device === undefined ? {} : { deviceManaged: device.managed, deviceType: device.type }),
    ...(workload === undefined ? {} : { zone: workload.zone }),
  }
}
