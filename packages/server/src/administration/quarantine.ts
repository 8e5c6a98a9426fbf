import type { AccessRequest, QuarantineRecord, Reason } from '@sallyport/core/access'

/** Somebody or something in quarantine. */
export type Quarantined = Pick<QuarantineRecord, 'target' | 'reason' | 'by' | 'at'>

/** Who is shut off now, as the ledger tells it. */
export interface QuarantineTable {
  readonly apply: (record: QuarantineRecord) => void
  readonly has: (target: string) => boolean
  readonly list: () => readonly Quarantined[]
  /** Why a request may not be made, where anything on its way is in quarantine. Synchronous, and free while none is. */
  readonly reasonAgainst: (request: AccessRequest) => Reason | undefined
}

/** A projection of the ledger: it holds nothing that replaying the records would not make again. */
export function createQuarantineTable(): QuarantineTable {
  const held = new Map<string, Quarantined>()
  return {
    apply: ({ event, target, reason, by, at }) => {
      if (event === 'released') held.delete(target)
      else held.set(target, { target, reason, by, at })
    },
    has: (target) => held.has(target),
    list: () => [...held.values()],
    reasonAgainst: (request) => {
      if (held.size === 0) return undefined
      const target = targetsOf(request).find((one) => held.has(one))
      return target === undefined ? undefined : reasonOf(target)
    },
  }
}

/** Not why it was shut off: a caller reads this, and the reason is the administrators' own. */
function reasonOf(target: string): Reason {
  const at = target.indexOf('/')
  const [kind, name] = [target.slice(0, at), target.slice(at + 1)]
  const { code, before } = kinds[kind] ?? kinds['user']
  return { code, layer: 'door', message: `${before}${name} is in quarantine.` }
}

const kinds: Readonly<Record<string, { readonly code: string; readonly before: string }>> & {
  readonly user: { readonly code: string; readonly before: string }
} = {
  user: { code: 'quarantine.user', before: '' },
  function: { code: 'quarantine.function', before: 'The function ' },
  device: { code: 'quarantine.device', before: 'The device ' },
}

/** All that is on the way: who asks, the person behind it, their devices, the functions, and what is asked for. */
function targetsOf({ subject, user, actors, resource }: AccessRequest): readonly string[] {
  const people = [subject, user].flatMap((one) => (one === undefined ? [] : [`${one.kind}/${one.name}`]))
  const functions = [subject.id, ...actors, resource].flatMap((text) => functionIn(text) ?? [])
  const devices = [subject, user].flatMap((one) => (one?.device === undefined ? [] : [`device/${one.device.id}`]))
  return [...people, ...devices, ...functions.map((name) => `function/${name}`)]
}

/** A route, an operation, or a direct invocation leads to a function. */
function functionIn(text: string): string | undefined {
  return (
    /^arn:sallyport:(?:function|route):[^:]*:[^:]*:([^/]+)/.exec(text)?.[1] ??
    /^arn:sallyport:admin:[^:]*::function\/([^/]+)\/invoke$/.exec(text)?.[1]
  )
}
