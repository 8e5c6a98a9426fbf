import type { contextKeys } from '@sallyport/core/access'

/** A context key as those who write policies must know it. */
export interface KeyEntry {
  /** `string`, `string[]`, `number`, `boolean`, `date`. */
  readonly type: string
  /** Who vouches for the value. */
  readonly source: string
  /** How old it may be when it is decided upon. */
  readonly age: string
  /** At which doors it is given, where its source is there. */
  readonly doors: 'every' | 'ingress' | 'egress' | 'administration' | 'ingress, administration'
}

const now = 'of this request'
const token = 'as old as the token, at most its lifetime; a revocation ends it at once'
const invocation = 'as old as the request that began the transaction'
const people = 'ingress, administration'

/** Every key of ours and of AWS's that decisions are given, one line each. docs/context-keys.md is made from it. */
export const keyEntries: Readonly<Record<keyof typeof contextKeys, KeyEntry>> = {
  currentTime: { type: 'date', source: "the server's clock", age: now, doors: 'every' },
  epochTime: { type: 'number', source: "the server's clock, seconds", age: now, doors: 'every' },
  sourceIp: { type: 'string', source: 'the address of the connection', age: now, doors: 'ingress' },
  userAgent: {
    type: 'string',
    source: 'the caller, unverified: it may deny, and proves nothing',
    age: now,
    doors: 'ingress',
  },
  principalArn: { type: 'string', source: 'the verified token, or the box that asks', age: now, doors: 'every' },
  principalType: {
    type: 'string',
    source: '`User`, `Function`, `Operator` or `Anonymous`, as it was authenticated',
    age: now,
    doors: 'every',
  },
  tokenIssueTime: { type: 'date', source: 'the verified token (`iat`)', age: token, doors: people },
  mfa: { type: 'boolean', source: 'the verified token (`amr`, or our own provider)', age: token, doors: people },
  mfaAge: {
    type: 'number',
    source: 'seconds since the verified `auth_time`; absent without two factors',
    age: now,
    doors: people,
  },
  authenticationAge: {
    type: 'number',
    source: 'seconds since the verified `auth_time`; absent when the token does not say',
    age: now,
    doors: people,
  },
  authenticationContext: { type: 'string', source: 'the verified token (`acr`)', age: token, doors: people },
  tokenAge: { type: 'number', source: 'seconds since the verified `iat`', age: now, doors: people },
  principalTag: {
    type: 'string',
    source: 'claims of the verified token that the issuer maps',
    age: token,
    doors: people,
  },
  authenticationMethods: {
    type: 'string[]',
    source: 'the verified token (`amr`, RFC 8176)',
    age: token,
    doors: people,
  },
  issuer: {
    type: 'string',
    source: "the issuer's name in the manifest, `embedded` for our own",
    age: token,
    doors: people,
  },
  client: { type: 'string', source: 'the verified token (`client_id`)', age: token, doors: people },
  scopes: { type: 'string[]', source: 'the verified token (`scope`)', age: token, doors: people },
  credentialBinding: {
    type: 'string',
    source: '`none`, `dpop`, `mtls`, `dpop+mtls` or `signature`, proved with this request',
    age: now,
    doors: people,
  },
  roles: { type: 'string[]', source: 'the verified token', age: token, doors: people },
  elevatedRoles: { type: 'string[]', source: 'the administration room', age: now, doors: people },
  deviceManaged: {
    type: 'boolean',
    source: 'an enrolled key that was proved at sign-in, a certificate under `devices`, or the word of its manager',
    age: 'of the token, or `sallyport:DeviceAge`',
    doors: people,
  },
  deviceId: {
    type: 'string',
    source: "the enrolment, the certificate's one name, or the manager's statement",
    age: 'of the token, or `sallyport:DeviceAge`',
    doors: people,
  },
  deviceType: {
    type: 'string',
    source: 'the enrolment of that device, or its manager; `unknown` by a certificate',
    age: 'of the token, or `sallyport:DeviceAge`',
    doors: people,
  },
  deviceSource: {
    type: 'string',
    source: '`sign-in`, `certificate` or `manager`: what proved the device; absent when nothing did',
    age: now,
    doors: people,
  },
  deviceAge: {
    type: 'number',
    source:
      'seconds since the certificate was issued, or the manager gave its word; absent where the sign-in proved it',
    age: now,
    doors: 'ingress',
  },
  deviceFault: {
    type: 'string',
    source: 'why a certificate or a statement about a device that came along does not count',
    age: now,
    doors: 'ingress',
  },
  deviceCompliant: {
    type: 'boolean',
    source: 'a stream under `signals`, or the device manager; absent until one says',
    age: 'since the event; see `sallyport:SignalAge`, `sallyport:DeviceAge`',
    doors: people,
  },
  risk: {
    type: 'string',
    source: 'a stream under `signals`: `low`, `medium` or `high`; absent until it says',
    age: 'since the event; see `sallyport:SignalAge`',
    doors: people,
  },
  signalsFresh: {
    type: 'boolean',
    source: 'whether every stream about the issuer was heard within its `silence`; absent without one',
    age: now,
    doors: people,
  },
  signalAge: {
    type: 'number',
    source: 'seconds since the stream that was silent longest was heard',
    age: now,
    doors: people,
  },
  country: {
    type: 'string',
    source: '`locations`, else its database, by the address of the connection',
    age: now,
    doors: 'ingress',
  },
  sourceZone: {
    type: 'string',
    source: 'the door: `internet`, `administration`, or the zone of the box',
    age: now,
    doors: 'every',
  },
  transactionUser: {
    type: 'string',
    source: 'the request that began the transaction',
    age: invocation,
    doors: 'egress',
  },
  transactionRoles: { type: 'string[]', source: 'the same', age: invocation, doors: 'egress' },
  transactionElevatedRoles: { type: 'string[]', source: 'the administration room', age: now, doors: 'egress' },
  transactionMfa: {
    type: 'boolean',
    source: 'the request that began the transaction',
    age: invocation,
    doors: 'egress',
  },
  actorChain: { type: 'string[]', source: 'the boxes on the way, by their listeners', age: now, doors: 'egress' },
  subject: { type: 'string', source: 'the verified token', age: token, doors: 'administration' },
  requester: { type: 'string[]', source: 'the elevation that is asked about', age: now, doors: 'administration' },
  target: { type: 'string', source: 'the act itself', age: now, doors: 'administration' },
  guest: { type: 'string', source: 'the guest: `allow` or `deny`', age: now, doors: 'every' },
  guestFault: { type: 'string', source: 'why a guest gave no verdict', age: now, doors: 'every' },
  guestDetail: { type: 'string', source: 'what a guest said besides', age: now, doors: 'every' },
  guestLatencyMs: { type: 'number', source: 'how long a guest took', age: now, doors: 'every' },
}
