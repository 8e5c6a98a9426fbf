import { layers, type LedgerRecord, SallyportError } from '@sallyport/core/access'

type Check = (value: unknown) => boolean
type Kind = LedgerRecord['kind']
/** Every field of a kind; TypeScript refuses the table when a record gains a field that is not checked here. */
type Shapes = { readonly [K in Kind]: ShapeOf<Extract<LedgerRecord, { kind: K }>> }
type ShapeOf<R> = { readonly [F in Exclude<keyof R, 'kind'>]-?: Check }

const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean'
const milliseconds: Check = (value) => Number.isFinite(value)
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]))

const layer = oneOf(...layers)
const reason = object({
  code: text,
  layer,
  message: text,
  rule: optional(text),
  at: optional(text),
  fix: optional(text),
})
const contextValue: Check = (value) => text(value) || milliseconds(value) || flag(value) || listOf(text)(value)
const context: Check = (value) => isObject(value) && Object.values(value).every(contextValue)

const shapes: Shapes = {
  decision: {
    id: text,
    at: milliseconds,
    door: oneOf('ingress', 'egress', 'administration'),
    transaction: text,
    parent: optional(text),
    subject: text,
    subjectName: text,
    sessionId: optional(text),
    user: optional(text),
    actors: listOf(text),
    effect: oneOf('allow', 'deny'),
    layer: optional(layer),
    reasons: listOf(reason),
    asked: listOf(object({ action: text, resource: text })),
    context,
    durability: oneOf('written', 'synced'),
    manifest: text,
    isolation: text,
    advisoryPackage: optional(text),
    upstream: optional(object({ host: text, tls: text })),
  },
  outcome: {
    at: milliseconds,
    decision: text,
    transaction: text,
    sessionId: optional(text),
    outcome: oneOf('done', 'refused-upstream', 'failed', 'aborted', 'unknown'),
    status: optional(count),
    durationMs: optional(milliseconds),
    detail: optional(text),
    tls: optional(text),
    sentBytes: optional(count),
    receivedBytes: optional(count),
  },
  name: {
    at: milliseconds,
    subject: text,
    transaction: optional(text),
    decision: optional(text),
    name: text,
    types: listOf(text),
    answer: text,
    count,
  },
  configuration: {
    at: milliseconds,
    digest: text,
    previous: optional(text),
    author: text,
    broadens: flag,
    accessDiff: listOf(text),
  },
  lifecycle: {
    at: milliseconds,
    event: oneOf('start', 'stop', 'recovered', 'box-start', 'box-end', 'spool-full'),
    detail: text,
  },
  elevation: {
    at: milliseconds,
    event: oneOf('requested', 'approved', 'granted', 'lapsed', 'denied', 'ended'),
    request: text,
    subject: text,
    role: text,
    reason: optional(text),
    by: optional(text),
    sessionId: optional(text),
    powers: text,
    expiresAt: optional(milliseconds),
    approvalEndsAt: optional(milliseconds),
    boot: optional(object({ id: text, expiresAtMs: milliseconds, approvalEndsAtMs: optional(milliseconds) })),
    breakGlass: optional(flag),
  },
  alarm: { at: milliseconds, code: text, subject: text, detail: text },
  notification: {
    at: milliseconds,
    request: text,
    to: text,
    outcome: oneOf('delivered', 'failed'),
    detail: text,
  },
  quarantine: { at: milliseconds, event: oneOf('quarantined', 'released'), target: text, reason: text, by: text },
  revocation: { at: milliseconds, target: text, reason: text },
  'sign-in': {
    at: milliseconds,
    event: oneOf('signed-in', 'refused', 'failed'),
    code: text,
    user: optional(text),
    address: text,
    sessionId: optional(text),
    methods: optional(listOf(text)),
    device: optional(text),
    upstream: optional(text),
    subject: optional(text),
    detail: optional(text),
  },
  enrolment: {
    at: milliseconds,
    event: oneOf('opened', 'enrolled'),
    purpose: oneOf('first-administrator', 'new-user', 'reset', 'change', 'link', 'unlink'),
    user: optional(text),
    roles: listOf(text),
    sets: listOf(text),
    by: optional(text),
    expiresAt: optional(milliseconds),
    address: optional(text),
  },
  signal: {
    at: milliseconds,
    stream: text,
    event: text,
    id: text,
    issuedAtSeconds: milliseconds,
    targets: listOf(text),
    device: optional(text),
    risk: optional(oneOf('low', 'medium', 'high')),
    compliant: optional(flag),
    state: optional(oneOf('alive', 'silent')),
  },
  gap: { at: milliseconds, lost: count, cause: text },
}

/**
 * Reads one entry of the ledger. Adversary: whoever could write to the folder. Fields we know must have their types;
 * fields we do not know are kept, so that an older reader can read a newer ledger. Throws `ledger.record_malformed`.
 */
export function parseRecord(entry: Uint8Array): LedgerRecord {
  const value = parseJson(entry)
  const kind = isObject(value) ? value['kind'] : undefined
  if (!isObject(value) || !isKind(kind)) throw malformed('it is not an object with a known kind')
  for (const [name, check] of Object.entries(shapes[kind])) {
    if (!check(value[name])) throw malformed(`the ${kind} record has a bad or missing "${name}"`)
  }
  // Every field was checked against the shape of its kind just above, and the table is held to the types.
  return value as unknown as LedgerRecord
}

function parseJson(entry: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(entry))
  } catch (cause) {
    throw malformed('it is not JSON in UTF-8', cause)
  }
}

function malformed(what: string, cause?: unknown): SallyportError {
  return new SallyportError('ledger.record_malformed', `This entry of the ledger cannot be read: ${what}.`, { cause })
}

function isKind(value: unknown): value is Kind {
  return typeof value === 'string' && Object.hasOwn(shapes, value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
