/**
 * The ARNs of our own things (DESIGN §3): `arn:sallyport:<service>:<app>:<zone>:<path>`.
 * The zone stands where AWS has the account, so cross-zone is judged as cross-account is.
 */
export const arn: {
  readonly route: (app: string, zone: string, functionName: string, routeKey: string) => string
  readonly functionOf: (app: string, zone: string, functionName: string) => string
  readonly operation: (app: string, zone: string, functionName: string, operation: string) => string
  readonly door: (app: string, door: string, operation: string) => string
  readonly secret: (app: string, name: string) => string
  readonly user: (app: string, name: string) => string
  readonly transmitter: (app: string, stream: string) => string
  readonly exchange: (app: string) => string
  readonly admin: (app: string, path: string) => string
} = {
  /** `routeKey` is `POST /orders/:id/refund`, as the manifest writes it. */
  route: (app, zone, functionName, routeKey) => `arn:sallyport:route:${app}:${zone}:${functionName}/${routeKey}`,
  functionOf: (app, zone, functionName) => `arn:sallyport:function:${app}:${zone}:${functionName}`,
  operation: (app, zone, functionName, operation) =>
    `arn:sallyport:function:${app}:${zone}:${functionName}/${operation}`,
  door: (app, door, operation) => `arn:sallyport:door:${app}::${door}/${operation}`,
  secret: (app, name) => `arn:sallyport:secret:${app}::${name}`,
  user: (app, name) => `arn:sallyport:identity:${app}::user/${name}`,
  /** Who sends the events of a stream. */
  transmitter: (app, stream) => `arn:sallyport:identity:${app}::transmitter/${stream}`,
  /** Where tokens are exchanged: the gateway's own route, in no zone. */
  exchange: (app) => `arn:sallyport:route:${app}::sts/POST /.well-known/sallyport/token`,
  admin: (app, path) => `arn:sallyport:admin:${app}::${path}`,
}

/** The actions of our own services. AWS's keep their names. */
export const actions = {
  callRoute: 'sallyport:CallRoute',
  invokeFunction: 'sallyport:InvokeFunction',
  useDoor: 'sallyport:UseDoor',
  requestElevation: 'sallyport:RequestElevation',
  approveElevation: 'sallyport:ApproveElevation',
  denyElevation: 'sallyport:DenyElevation',
  /** Ends an elevation, or withdraws a request. */
  revokeElevation: 'sallyport:RevokeElevation',
  /** Elevates oneself, unapproved, with an alarm. */
  breakGlass: 'sallyport:BreakGlass',
  manageUsers: 'sallyport:ManageUsers',
  /** Ends everything that rests on a user, a session or a function. */
  revoke: 'sallyport:Revoke',
  /** Shuts a person or a function off, or lets it in again. */
  quarantine: 'sallyport:Quarantine',
  release: 'sallyport:Release',
  /** Tells that a session, a credential, a device or a person is to be trusted less, or again. */
  sendSignal: 'sallyport:SendSignal',
  setSecret: 'sallyport:SetSecret',
  invokeDirectly: 'sallyport:InvokeDirectly',
  /** Takes a shorter, bound token for another proof of oneself. */
  exchangeToken: 'sallyport:ExchangeToken',
  applyConfiguration: 'sallyport:ApplyConfiguration',
} as const
