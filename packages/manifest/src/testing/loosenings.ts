/** One step that opens the example a little further (or, below, closes it). `files` are files that the step brings. */
export interface Step {
  readonly what: string
  readonly from: string
  readonly to: string
  readonly files?: Readonly<Record<string, string>>
}

const putAny = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders' },
  ],
})
const step = (what: string, from: string, to: string, files?: Readonly<Record<string, string>>): Step => ({
  what,
  from,
  to,
  ...(files === undefined ? {} : { files }),
})

export const loosenings: readonly Step[] = [
  step('a user gains a role', 'bob: [customer]', 'bob: [customer, support]'),
  step('a user is added', 'bob: [customer]', 'bob: [customer]\n      mallory: [admin]'),
  step('a country is added', 'countries: [CH, DE, AT]', 'countries: [CH, DE, AT, US]'),
  step('countries are dropped', 'customer: { countries: [CH, DE, AT] }', 'customer: {}'),
  step('support loses mfa', 'support: { mfa: true, device: managed }', 'support: { device: managed }'),
  step('support may use any device', 'support: { mfa: true, device: managed }', 'support: { mfa: true }'),
  step('admin loses mfa', 'admin: { mfa: true, device: managed,', 'admin: { device: managed,'),
  step('admin may use any device', 'admin: { mfa: true, device: managed,', 'admin: { mfa: true,'),
  step('admin needs no elevation', ', jit: { max: 1h, approvers: [admin], reason: required } }', ' }'),
  step('elevation lasts longer', 'max: 1h', 'max: 8h'),
  step('an elevation is used again for longer', 'reason: required', 'reason: required, approval: 8h'),
  step('a request waits for longer', 'reason: required', 'reason: required, request: 7d'),
  step('a glass may be broken', 'reason: required', 'reason: required, break-glass: 15m'),
  step('support manages users', 'invoke: [admin]', 'invoke: [admin]\n  users: [support]'),
  step('a webhook is told', 'secrets: { stripe', 'notify: { elevation: https://chat.example/hook }\nsecrets: { stripe'),
  step('another role approves', 'approvers: [admin]', 'approvers: [admin, support]'),
  step('no reason is needed', 'reason: required', 'reason: optional'),
  step('a network counts as Switzerland', 'CH: [127.0.0.1/32]', 'CH: [127.0.0.0/8]'),
  step('a network is added', 'US: [127.0.66.0/24]', 'US: [127.0.66.0/24]\n  DE: [10.0.0.0/8]'),
  step('support sets secrets', 'secrets: [admin]', 'secrets: [admin, support]'),
  step('support applies configurations', 'configuration: [admin]', 'configuration: [admin, support]'),
  step('support invokes', 'invoke: [admin]', 'invoke: [admin, support]'),
  step('the internet reaches internal', 'from: [public, internal]', 'from: [public, internal, internet]'),
  step('public reaches restricted', 'from: [internal]', 'from: [internal, public]'),
  step('the internet reaches restricted', 'from: [internal]', 'from: [internal, internet]'),
  step('a door operation is widened', 'refund: POST /v1/refunds', 'refund: POST /v1/:anything'),
  step('a door operation changes its method', 'send: POST /email', 'send: DELETE /email'),
  step('a door operation is added', 'send: POST /email', 'send: POST /email, list: GET /messages'),
  step('a door leads elsewhere', 'to: https://api.postmarkapp.com', 'to: https://api.postmarkapp.example'),
  step('an upstream is moved', 'http://127.0.0.1:8482', 'https://collect.example'),
  step('a door adds another secret', '"{mail-token}"', '"{stripe-key}"'),
  step(
    'a door adds one more header',
    'add: { authorization: "Bearer {stripe-key}" }',
    'add: { authorization: "Bearer {stripe-key}", x-key: "{stripe-key}" }',
  ),
  step(
    'a door lets a header through',
    'ops: { send: POST /email }',
    'ops: { send: POST /email }\n    accept: [x-debug]',
  ),
  step('a secret is rotated more rarely', 'rotate: 30d', 'rotate: 300d'),
  step('a secret is never rotated', 'stripe-key: { rotate: 30d }', 'stripe-key: {}'),
  step('a table is keyed otherwise', 'key: [customer, id]', 'key: [id, customer]'),
  step('a table is another', 'dynamodb: Orders', 'dynamodb: Customers'),
  step('a table is in another account', 'dynamodb: Orders,', 'dynamodb: Orders, account: "210987654321",'),
  step(
    'a route is opened to a role',
    'POST /checkout: { who: [customer]',
    'POST /checkout: { who: [customer, support]',
  ),
  step('a refund is opened to support', 'who: [admin]', 'who: [admin, support]'),
  step('a route is opened to anyone', 'POST /checkout: { who: [customer]', 'POST /checkout: { who: [anyone]'),
  step('a route is added', '    can: { orders: {', '      GET /health: { who: [anyone] }\n    can: { orders: {'),
  step('a schema is dropped', ', body: schemas/checkout.json', ''),
  step('a schema is exchanged', 'body: schemas/checkout.json', 'body: schemas/any.json', { 'schemas/any.json': '{}' }),
  step('a schema is loosened', 'body: schemas/refund.json', 'body: schemas/refund.json', {
    'schemas/refund.json': '{}',
  }),
  step('a limit is raised', 'limit: 10/m', 'limit: 100/m'),
  step('a limit is dropped', ', limit: 60/m', ''),
  step('bodies may be larger', 'limit: 10/m', 'limit: 10/m, maxBodyBytes: 6000000'),
  step('a function moves to another zone', '    zone: restricted', '    zone: internal'),
  step('a function runs other code', 'code: src/payments.ts', 'code: src/orders.ts'),
  step('orders reads any row', 'get: { rows: own, except: [support, admin] }', 'get: any'),
  step('orders reads any row for customers', 'except: [support, admin]', 'except: [support, admin, customer]'),
  step('orders writes any row', 'put: own', 'put: any'),
  step('orders gains a verb', 'put: own', 'put: own\n        delete: own'),
  step('orders scans', 'put: own', 'put: own\n        scan: any'),
  step('payments updates any row', 'rows: own, except: [admin], columns', 'rows: any, columns'),
  step('payments writes one more column', 'columns: [status, paymentId]', 'columns: [status, paymentId, total]'),
  step('payments writes every column', ', columns: [status, paymentId]', ''),
  step('notifications uses another door', 'can: { email: [send] }', 'can: { email: [send], stripe: [charge] }'),
  step('notifications calls payments', 'can: { email: [send] }', 'can: { email: [send], payments: [refund] }'),
  step('notifications writes the table', 'can: { email: [send] }', 'can: { email: [send], orders-table: [put] }'),
  step(
    'notifications has a policy',
    'can: { email: [send] }',
    'can: { email: [send] }\n    policies: [policies/put.json]',
    { 'policies/put.json': putAny },
  ),
  step('the storefront asks for refunds for anybody', 'get: any, refund: { for: [admin] }', 'get: any, refund: any'),
  step(
    'orders asks for refunds for anybody',
    'payments: { charge: any, refund: { for: [admin] } }',
    'payments: [charge, refund]',
  ),
  step(
    'payments refunds for anybody',
    'stripe: { charge: any, refund: { for: [admin] } }',
    'stripe: { charge: any, refund: any }',
  ),
  step(
    'payments refunds for customers too',
    'stripe: { charge: any, refund: { for: [admin] } }',
    'stripe: { charge: any, refund: { for: [admin, customer] } }',
  ),
  step('a box serves many users', '    offers: [charge, refund]', '    offers: [charge, refund]\n    reuse: shared'),
  step(
    'another issuer may vouch',
    'issuers:\n',
    'issuers:\n  corp: { issuer: "https://login.example", audience: checkout, roles: groups }\n',
  ),
]

export const narrowings: readonly Step[] = [
  step('a country is taken away', 'countries: [CH, DE, AT]', 'countries: [CH]'),
  step('a role comes from one country only', 'support: { mfa: true,', 'support: { countries: [CH], mfa: true,'),
  step('customers need mfa', 'customer: { countries', 'customer: { mfa: true, countries'),
  step('a limit is lowered', 'limit: 10/m', 'limit: 5/m'),
  step('a limit is set', 'body: schemas/refund.json }', 'body: schemas/refund.json, limit: 1/m }'),
  step('own rows for everybody', 'get: { rows: own, except: [support, admin] }', 'get: own'),
  step('two persons approve', 'reason: required', 'reason: required, approvals: 2'),
  step('two accounts are one person', 'secrets: { stripe', 'persons: { hopper: [ada, grace] }\nsecrets: { stripe'),
  step('one column less', 'columns: [status, paymentId]', 'columns: [status]'),
  step('a door operation unused', 'stripe: { charge: any, refund: { for: [admin] } }', 'stripe: [charge]'),
  step('cards are charged for customers only', 'stripe: { charge: any', 'stripe: { charge: { for: [customer] }'),
  step('orders are made for customers only', 'create: any', 'create: { for: [customer] }'),
  step('a box serves one call', '    offers: [charge, refund]', '    offers: [charge, refund]\n    reuse: never'),
  step('a secret is rotated sooner', 'rotate: 30d', 'rotate: 7d'),
  step('a role is removed from a route', 'who: [customer, support]', 'who: [customer]'),
]
