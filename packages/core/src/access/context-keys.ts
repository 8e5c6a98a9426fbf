/**
 * The context keys that our own statements use. Source says who vouches for the value.
 * AWS's keys keep their names. docs/context-keys.md is made from this and from scripts/context-keys.ts.
 */
export const contextKeys = {
  /** date: now, by the server's clock. AWS's own key, as the next ones are. */
  currentTime: 'aws:CurrentTime',
  /** number: the same, in seconds since the epoch. */
  epochTime: 'aws:EpochTime',
  /** string: the address of the connection. */
  sourceIp: 'aws:SourceIp',
  /** string: what the caller says that it is; unverified. */
  userAgent: 'aws:UserAgent',
  /** string: who asks, as an ARN. */
  principalArn: 'aws:PrincipalArn',
  /** string: `User`, `Function`, `Operator` or `Anonymous`. */
  principalType: 'aws:PrincipalType',
  /** date: when the token was issued. */
  tokenIssueTime: 'aws:TokenIssueTime',
  /** string: a claim that the issuer's entry maps to a tag, under `…/NAME`. */
  principalTag: 'aws:PrincipalTag',
  /** string[]: the subject's roles, from verified claims. */
  roles: 'sallyport:Roles',
  /** string[]: roles that are elevated for the subject right now, from the administration room. */
  elevatedRoles: 'sallyport:ElevatedRoles',
  /** boolean: two factors were proved in the session. AWS's own key. */
  mfa: 'aws:MultiFactorAuthPresent',
  /** number: seconds since then; absent unless two factors were proved at a known time. AWS's own key. */
  mfaAge: 'aws:MultiFactorAuthAge',
  /** number: seconds since the person proved themselves (the token's `auth_time`); absent when it does not say. */
  authenticationAge: 'sallyport:AuthenticationAge',
  /** string: the authentication context that the issuer states (`acr`); absent when it states none. */
  authenticationContext: 'sallyport:AuthenticationContext',
  /** string[]: RFC 8176 method references that the issuer states (`amr`). */
  authenticationMethods: 'sallyport:AuthenticationMethods',
  /** number: seconds since the token was issued: how old roles, scopes and tags are. */
  tokenAge: 'sallyport:TokenAge',
  /** string: the issuer's short name; `embedded` for our own. */
  issuer: 'sallyport:Issuer',
  /** string: the program that the person signed in with (`client_id`); absent when the token does not say. */
  client: 'sallyport:Client',
  /** string[]: the token's scopes. */
  scopes: 'sallyport:Scopes',
  /** string: `none`, `dpop`, `mtls`, `dpop+mtls` or `signature`: what was proved, by the gateway's own check. */
  credentialBinding: 'sallyport:CredentialBinding',
  /** string: the kind of device that was proved; absent when none was. */
  deviceType: 'sallyport:DeviceType',
  /** string: ISO 3166-1 alpha-2, from the address of the connection; absent when unknown. */
  country: 'sallyport:Country',
  /** boolean: an enrolled key was proved at sign-in, or a device's certificate or its manager's word came along. */
  deviceManaged: 'sallyport:DeviceManaged',
  /** string: which device; absent when none was proved. */
  deviceId: 'sallyport:DeviceId',
  /** string: `sign-in`, `certificate` or `manager`: what proved the device; absent when nothing did. */
  deviceSource: 'sallyport:DeviceSource',
  /** number: seconds since the certificate was issued or the manager spoke; absent where a sign-in proved it. */
  deviceAge: 'sallyport:DeviceAge',
  /** string: why a certificate or a statement about a device did not count; absent when nothing was wrong. */
  deviceFault: 'sallyport:DeviceFault',
  /** boolean: whether the device keeps its owner's rules, from a stream or its manager; absent when none said. */
  deviceCompliant: 'sallyport:DeviceCompliant',
  /** string: `low`, `medium` or `high`, from a signal stream; absent when none said. */
  risk: 'sallyport:Risk',
  /** boolean: every signal stream about the subject's issuer was heard in time; absent when there is none. */
  signalsFresh: 'sallyport:SignalsFresh',
  /** number: seconds since the stream that was silent longest was heard; absent when there is none. */
  signalAge: 'sallyport:SignalAge',
  /** string: the zone of the caller, or `internet`. */
  sourceZone: 'sallyport:SourceZone',
  /** string: short name of the person on whose behalf a function runs; absent when there is none. */
  transactionUser: 'sallyport:TransactionUser',
  /** string[]: that person's roles. */
  transactionRoles: 'sallyport:TransactionRoles',
  /** string[]: that person's roles that are elevated right now. */
  transactionElevatedRoles: 'sallyport:TransactionElevatedRoles',
  /** boolean: that person proved two factors. */
  transactionMfa: 'sallyport:TransactionMfa',
  /** string[]: ARNs of the functions on the way, outermost first. */
  actorChain: 'sallyport:ActorChain',
  /** string: the ARN of the subject itself, so that a condition can compare it with another key. */
  subject: 'sallyport:Subject',
  /** string[]: at an approval, the ARNs of every account of the person who asked; none of them may approve. */
  requester: 'sallyport:Requester',
  /** string: what an administrative act is done to, where its resource does not say: `user/alice`. */
  target: 'sallyport:Target',
  /** string: `allow` or `deny`, under `…/NAME` of the guest that said it; absent when it gave no verdict. */
  guest: 'sallyport:Guest',
  /** string: the code of why a guest gave no verdict, under `…/NAME`. */
  guestFault: 'sallyport:GuestFault',
  /** string: what a guest said besides its verdict, or what broke, under `…/NAME`. */
  guestDetail: 'sallyport:GuestDetail',
  /** number: milliseconds that a guest took, under `…/NAME`. */
  guestLatencyMs: 'sallyport:GuestLatencyMs',
} as const
