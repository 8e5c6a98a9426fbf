import { type Context, contextKeys, type ContextValue, type Subject } from '@sallyport/core/access'

/** The facts about who asks, at the edge: what the token proved, whence the connection came, what is elevated now. */
export function subjectFacts(
  subject: Subject,
  elevatedRoles: readonly string[],
  country: string | undefined,
  nowMs: number,
): Context {
  const facts: Record<string, ContextValue> = { ...lastingFacts(subject), [contextKeys.elevatedRoles]: elevatedRoles }
  addAges(facts, subject, Math.floor(nowMs / 1000))
  if (country !== undefined) facts[contextKeys.country] = country
  return facts
}

/** How old what was proved is. */
function addAges(
  facts: Record<string, ContextValue>,
  { authentication, credential, device }: Subject,
  nowSeconds: number,
): void {
  const { statedAtSeconds } = device ?? {}
  if (statedAtSeconds !== undefined) facts[contextKeys.deviceAge] = Math.max(0, nowSeconds - statedAtSeconds)
  if (authentication === undefined) return
  const { authenticatedAtSeconds: at, mfa } = authentication
  if (at > 0) {
    const age = Math.max(0, nowSeconds - at)
    facts[contextKeys.authenticationAge] = age
    if (mfa) facts[contextKeys.mfaAge] = age
  }
  if (credential !== undefined) facts[contextKeys.tokenAge] = Math.max(0, nowSeconds - credential.issuedAtSeconds)
}

/** A token that is shown again is one and the same subject, and most of what it proves stays the same. */
const lasting = new WeakMap<Subject, Context>()

function lastingFacts(subject: Subject): Context {
  const known = lasting.get(subject)
  if (known !== undefined) return known
  const facts = {
    ...credentialFacts(subject),
    ...deviceFacts(subject),
    [contextKeys.roles]: subject.roles,
    [contextKeys.mfa]: subject.authentication?.mfa ?? false,
    [contextKeys.deviceManaged]: subject.device?.managed ?? false,
  }
  lasting.set(subject, facts)
  return facts
}

/** The device, what proved it, and what was wrong with what should have. */
function deviceFacts({ device, deviceFault }: Subject): Context {
  const fault = deviceFault === undefined ? {} : { [contextKeys.deviceFault]: deviceFault }
  if (device === undefined) return fault
  const { id, type, source = 'sign-in', compliant } = device
  return {
    ...fault,
    [contextKeys.deviceId]: id,
    [contextKeys.deviceType]: type,
    [contextKeys.deviceSource]: source,
    ...(compliant === undefined ? {} : { [contextKeys.deviceCompliant]: compliant }),
  }
}

/** What the credential tells. What nobody stated is absent, so a condition on it denies. */
function credentialFacts({ authentication, credential }: Subject): Context {
  if (authentication === undefined) return {}
  const { context, methods } = authentication
  return {
    [contextKeys.authenticationMethods]: methods,
    ...(context === undefined ? {} : { [contextKeys.authenticationContext]: context }),
    ...(credential === undefined
      ? {}
      : {
          [contextKeys.issuer]: credential.issuerName,
          [contextKeys.scopes]: credential.scopes,
          [contextKeys.credentialBinding]: credential.binding,
          ...(credential.clientId === undefined ? {} : { [contextKeys.client]: credential.clientId }),
          ...Object.fromEntries(
            Object.entries(credential.tags).map(([name, value]) => [`${contextKeys.principalTag}/${name}`, value]),
          ),
        }),
  }
}

/** The moment, and who asks, by the keys that AWS's own policies ask for: the same at every door. */
export function principalFacts(subject: Subject, nowMs: number): Context {
  const facts: Facts = {}
  addPrincipalFacts(facts, subject, nowMs)
  return facts
}

/** Facts that are still being put together: objects that are spread into one another cost more than all the rest. */
type Facts = Record<string, ContextValue>

/** The same, put among other facts. */
export function addPrincipalFacts(facts: Facts, { id, kind, credential }: Subject, nowMs: number): void {
  facts[contextKeys.currentTime] = isoTime(nowMs)
  facts[contextKeys.epochTime] = Math.floor(nowMs / 1000)
  facts[contextKeys.principalArn] = id
  facts[contextKeys.principalType] = principalTypes[kind]
  if (credential !== undefined) facts[contextKeys.tokenIssueTime] = isoSecond(credential.issuedAtSeconds)
}

/** As `toISOString` has it, whose date is worked out once a second and not for each of many requests. */
function isoTime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds !== latest.seconds) latest = { seconds, text: new Date(seconds * 1000).toISOString().slice(0, -4) }
  return `${latest.text}${String(Math.floor(ms - seconds * 1000)).padStart(3, '0')}Z`
}

let latest = { seconds: 0, text: '1970-01-01T00:00:00.' }

const issueTimes = new Map<number, string>()

function isoSecond(seconds: number): string {
  const known = issueTimes.get(seconds)
  if (known !== undefined) return known
  if (issueTimes.size >= 1_000) issueTimes.clear()
  const text = new Date(seconds * 1000).toISOString()
  issueTimes.set(seconds, text)
  return text
}

const principalTypes: Readonly<Record<Subject['kind'], string>> = {
  anonymous: 'Anonymous',
  user: 'User',
  function: 'Function',
  operator: 'Operator',
}

/** Adds those about the person on whose behalf a function runs. Without one every key is absent, and `own` denies. */
export function addTransactionFacts(facts: Facts, user: Subject | undefined, elevatedRoles: readonly string[]): void {
  if (user === undefined) return
  facts[contextKeys.transactionUser] = user.name
  facts[contextKeys.transactionRoles] = user.roles
  facts[contextKeys.transactionElevatedRoles] = elevatedRoles
  facts[contextKeys.transactionMfa] = user.authentication?.mfa ?? false
}
