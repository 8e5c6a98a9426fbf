import { describe, expect, it } from 'vitest'

import { edited, exampleText, type Files, surroundingsOf } from '../testing/example.ts'
import { loadManifest } from './load-manifest.ts'

/** What is put in the place of what, which of the codes it is refused with, and what loads in the same place. */
type Row = readonly [what: string, from: string, bad: string, code: string, good: string]

const bare = exampleText.slice(0, exampleText.indexOf('only:  '))
const files: Files = {
  'a.py': '',
  'deny.json': '{"Version":"2012-10-17","Statement":[]}',
  'other.cedar': 'permit(principal, action, resource);',
  'more/other.cedar': 'permit(principal, action, resource);',
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`g${n}.cedar`, 'permit(principal, action, resource);']),
  ),
}

function codesOf(text: string): readonly string[] {
  const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, ...files }))
  return loaded.ok ? [] : loaded.faults.map(({ code }) => code)
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)
const deep = (levels: number): string => `x: ${'['.repeat(levels)}${']'.repeat(levels)}`
const many = (values: number): string => `x: [${Array.from({ length: values }, () => '1').join(', ')}]`
const aliases = (count: number): string => `x: [&a 1${', *a'.repeat(count)}]`
const guests = (count: number): string =>
  `guests: { ${numbers(count)
    .map((n) => `g${n}: { policy: g${n}.cedar }`)
    .join(', ')} }\nzones:  `
const front = 'POST /checkout: { who: [customer]'
const notified = '    can: { email: [send] }'
const ops = 'ops: { send: POST /email }'
const add = 'add: { x-postmark-server-token: "{mail-token}" }'
const corp = (keys: string): string => `issuers:\n  corp: { ${keys} }`
const pool = 'authorizer: { type: COGNITO_USER_POOLS, cognitoUserPools: [us-east-1_abc123] }'
const role = 'arn:aws:iam::123456789012:role/r'
const aws = (extra: string): string =>
  `services: { s: { aws: { role: "${role}", region: eu-central-1${extra} }, roles: [support] } }`

const people = 'people:                                # roles, from verified token claims'
const separate = 'separation: { static: [[support, customer]] }\npeople:\n'

const rows: readonly Row[] = [
  // parse-yaml
  [
    'more levels than a person writes',
    'app: checkout',
    `app: checkout\n${deep(40)}`,
    'manifest.too_large',
    'app: shop',
  ],
  [
    'more values than a person writes',
    'app: checkout',
    `app: checkout\n${many(20_001)}`,
    'manifest.too_large',
    'app: shop',
  ],
  [
    'more aliases than a person writes',
    'app: checkout',
    `app: checkout\n${aliases(51)}`,
    'manifest.too_large',
    'app: shop',
  ],
  ['a key that is a list', 'app: checkout', 'app: checkout\n[a, b]: c', 'manifest.yaml', 'app: shop'],
  ['a tag', 'app: checkout', 'app: !a checkout', 'manifest.yaml', 'app: shop'],
  // shape
  [
    'a word in the place of a flag',
    'mfa: true, device',
    'mfa: maybe, device',
    'manifest.wrong_type',
    'mfa: false, device',
  ],
  [
    'a number beyond its bounds',
    'zone: internal',
    'zone: internal\n    memory: 99999999',
    'manifest.wrong_type',
    'zone: internal\n    memory: 128',
  ],
  [
    'a broken number',
    'zone: internal',
    'zone: internal\n    memory: 128.5',
    'manifest.wrong_type',
    'zone: internal\n    memory: 128',
  ],
  ['a number in the place of a name', 'app: checkout', 'app: 7', 'manifest.wrong_type', 'app: shop'],
  ['a word in the place of a list', 'from: [internet]', 'from: internet', 'manifest.wrong_type', 'from: [internet ]'],
  ['a list of nothing', front, 'POST /checkout: { who: []', 'manifest.wrong_type', front],
  [
    'a list in the place of a map',
    'public: { from: [internet] }',
    'public: [internet]',
    'manifest.wrong_type',
    'public: { from: [internet] }',
  ],
  [
    'a word that is none of the options',
    'zone: internal',
    'zone: internal\n    reuse: always',
    'manifest.wrong_type',
    'zone: internal\n    reuse: never',
  ],
  [
    'a name that is none',
    'functions:',
    'functions:\n  Bad_Name: { zone: public, code: src/orders.ts }',
    'manifest.wrong_type',
    'functions:\n  good: { zone: public, code: src/orders.ts }',
  ],
  ['a key that is missing', 'dynamodb: Orders, ', '', 'manifest.missing_key', 'dynamodb: Orders, '],
  [
    'a flag in the place of a record or a list',
    'secrets: [admin]',
    'secrets: true',
    'manifest.wrong_type',
    'secrets: [admin]',
  ],
  // files
  [
    'a path of another system',
    'schemas/refund.json',
    'C:/schemas/refund.json',
    'manifest.outside_folder',
    'schemas/refund.json',
  ],
  ['a path from the root', 'schemas/refund.json', '/etc/passwd', 'manifest.outside_folder', 'schemas/refund.json'],
  // load-manifest
  [
    'a route in a zone that the internet may not call',
    '    offers: [receipt]',
    '    offers: [receipt]\n    routes: { GET /n: { who: [customer] } }',
    'manifest.zone_ceiling',
    '    offers: [receipt]',
  ],
  [
    'a route below that of the gateway',
    front,
    'GET /.well-known/sallyport/keys: { who: [customer] }\n      POST /checkout: { who: [customer]',
    'manifest.reserved_route',
    front,
  ],
  [
    'the route of the bundle',
    front,
    'GET /.well-known/spiffe-bundle: { who: [customer] }\n      POST /checkout: { who: [customer]',
    'manifest.reserved_route',
    front,
  ],
  [
    'two routes for one request',
    front,
    'GET /orders/:key: { who: [admin] }\n      POST /checkout: { who: [customer]',
    'manifest.ambiguous_route',
    front,
  ],
  [
    'a role that includes itself',
    'customer: { countries',
    'customer: { includes: [customer], countries',
    'manifest.role_cycle',
    'customer: { countries',
  ],
  [
    'a role that includes one that one is elevated to',
    'support: { mfa: true',
    'support: { includes: [admin], mfa: true',
    'manifest.unsupported',
    'support: { mfa: true',
  ],
  [
    'a role that is separate from itself',
    'zones:  ',
    'separation: { static: [[support, support]] }\nzones:  ',
    'manifest.separation_of_duty',
    'separation: { static: [[support, customer]] }\nzones:  ',
  ],
  [
    'a role that unites what is separate',
    people,
    `${separate}  both: { includes: [support, customer] }`,
    'manifest.separation_of_duty',
    `${separate}  both: { includes: [support] }`,
  ],
  [
    'a role that waits for signals that nobody sends',
    'support: { mfa: true',
    'support: { signals: fresh, mfa: true',
    'manifest.missing_key',
    'support: { mfa: true',
  ],
  [
    'a role of a risk that nobody tells',
    'support: { mfa: true',
    'support: { risk: low, mfa: true',
    'manifest.missing_key',
    'support: { mfa: true',
  ],
  // reading
  [
    'a name that means something by itself',
    'functions:',
    'functions:\n  anyone: { zone: public, code: src/orders.ts }',
    'manifest.duplicate_name',
    'functions:\n  someone: { zone: public, code: src/orders.ts }',
  ],
  [
    'a name of two things',
    'functions:',
    'functions:\n  stripe: { zone: public, code: src/orders.ts }',
    'manifest.duplicate_name',
    'functions:\n  stripes: { zone: public, code: src/orders.ts }',
  ],
  // functions
  ['a function in a zone that is none', 'zone: public', 'zone: publik', 'manifest.unresolved_name', 'zone: public'],
  ['a route for a role that is none', front, 'POST /checkout: { who: [custmer]', 'manifest.unresolved_name', front],
  [
    'a route for anyone and somebody',
    front,
    'POST /checkout: { who: [anyone, customer]',
    'manifest.unsupported',
    'POST /checkout: { who: [anyone]',
  ],
  [
    'a demand of a sign-in of anyone',
    'who: [admin], body',
    'who: [anyone], body',
    'manifest.unsupported',
    'who: [admin], body',
  ],
  [
    'a route with a segment of dots',
    front,
    'GET /a/../b: { who: [customer] }\n      POST /checkout: { who: [customer]',
    'manifest.wrong_type',
    front,
  ],
  [
    'a secret in a variable',
    notified,
    `${notified}\n    env: { KEY: sk_live_51Habcdefghijkl }`,
    'manifest.secret_in_text',
    `${notified}\n    env: { KEY: plain }`,
  ],
  [
    'a long random value in a variable',
    notified,
    `${notified}\n    env: { KEY: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY }`,
    'manifest.secret_in_text',
    `${notified}\n    env: { KEY: customer-facing-checkout-service }`,
  ],
  [
    'a variable that the platform reads',
    notified,
    `${notified}\n    env: { NODE_OPTIONS: a }`,
    'manifest.unsupported',
    `${notified}\n    env: { NODE_OPTION: a }`,
  ],
  [
    'a variable that the loader reads',
    notified,
    `${notified}\n    env: { LD_PRELOAD: a.so }`,
    'manifest.unsupported',
    `${notified}\n    env: { PRELOAD: a.so }`,
  ],
  [
    'a variable from outside',
    notified,
    `${notified}\n    env: { A: "\${B}" }`,
    'manifest.substitution',
    `${notified}\n    env: { A: "$B" }`,
  ],
  // permissions
  ['a grant of what is not there', notified, '    can: { emial: [send] }', 'manifest.unresolved_name', notified],
  [
    'a grant of an operation that is not there',
    notified,
    '    can: { email: [sned] }',
    'manifest.unresolved_name',
    notified,
  ],
  [
    'a grant of an operation that is not there, in a map',
    notified,
    '    can: { email: { sned: any } }',
    'manifest.unresolved_name',
    '    can: { email: { send: any } }',
  ],
  [
    'a grant for a role that is none',
    notified,
    '    can: { email: { send: { for: [amdin] } } }',
    'manifest.unresolved_name',
    '    can: { email: { send: { for: [admin] } } }',
  ],
  [
    'a grant of own rows of an operation',
    'get: any, refund',
    'get: own, refund',
    'manifest.unsupported',
    'get: any, refund',
  ],
  [
    'a grant of rows of an operation',
    'get: any, refund',
    'get: { rows: own }, refund',
    'manifest.unsupported',
    'get: any, refund',
  ],
  ['a verb that no table has', '        put: own', '        putt: any', 'manifest.unresolved_name', '        put: own'],
  [
    'a verb that no table has, in a list',
    notified,
    '    can: { orders-table: [putt] }',
    'manifest.unresolved_name',
    '    can: { orders-table: [put] }',
  ],
  [
    'rows kept from a role that is none',
    'except: [support, admin]',
    'except: [suport]',
    'manifest.unresolved_name',
    'except: [support, admin]',
  ],
  ['rows for a role', '        put: own', '        put: { for: [admin] }', 'manifest.unsupported', '        put: own'],
  ['a scan of own rows', '        put: own', '        scan: own', 'manifest.unsupported', '        scan: any'],
  [
    'columns of what updates none',
    '        put: own',
    '        put: { rows: own, columns: [total] }',
    'manifest.unsupported',
    '        update: { rows: own, columns: [total] }',
  ],
  [
    'an exception where every row is open',
    '        put: own',
    '        put: { rows: any, except: [admin] }',
    'manifest.unsupported',
    '        put: { rows: own, except: [admin] }',
  ],
  // doors
  [
    'two operations for one request',
    ops,
    'ops: { send: POST /email, also: POST /email }',
    'manifest.ambiguous_route',
    'ops: { send: POST /email, also: PUT /email }',
  ],
  [
    'an operation with a segment of dots',
    ops,
    'ops: { send: POST /email, up: GET /a/../b }',
    'manifest.wrong_type',
    'ops: { send: POST /email, up: GET /a/b }',
  ],
  [
    'a body of what has none',
    ops,
    'ops: { send: { request: DELETE /email, body: { a: any } } }',
    'manifest.unsupported',
    'ops: { send: { request: POST /email, body: { a: any } } }',
  ],
  [
    'a repetition that may be done twice',
    ops,
    'ops: { send: { request: POST /email, retry: 1 } }',
    'manifest.unsupported',
    'ops: { send: { request: PUT /email, retry: 1 } }',
  ],
  [
    'an idempotency header that frames',
    ops,
    'ops: { send: { request: POST /email, idempotency: Host } }',
    'manifest.unsupported',
    'ops: { send: { request: POST /email, idempotency: Key } }',
  ],
  [
    'an answer with a header that frames',
    ops,
    `${ops}\n    returns: { headers: [Transfer-Encoding] }`,
    'manifest.unsupported',
    `${ops}\n    returns: { headers: [Request-Id] }`,
  ],
  [
    'an answer with a cookie',
    ops,
    `${ops}\n    returns: { headers: [Set-Cookie] }`,
    'manifest.unsupported',
    `${ops}\n    returns: { headers: [Cookies] }`,
  ],
  [
    'an open part that nothing closes',
    ops,
    'ops: { send: { request: POST /email, open: [body] } }',
    'manifest.unsupported',
    'ops: { send: { request: POST /email, open: [body], body: {} } }',
  ],
  [
    'a field that the door sets itself',
    `${add}\n    ${ops}`,
    `add: { body: { key: "{mail-token}" } }\n    ops: { send: { request: POST /email, body: { key: any } } }`,
    'manifest.unsupported',
    `add: { body: { key: "{mail-token}" } }\n    ops: { send: { request: POST /email, body: { other: any } } }`,
  ],
  [
    'two doors to one host',
    'to: https://api.postmarkapp.com',
    'to: https://api.stripe.com',
    'manifest.ambiguous_route',
    'to: https://api.example.com',
  ],
  [
    'a header to accept that frames',
    ops,
    `${ops}\n    accept: [Host]`,
    'manifest.unsupported',
    `${ops}\n    accept: [X-Host]`,
  ],
  [
    'a header to add that frames',
    add,
    'add: { Content-Length: "1" }',
    'manifest.unsupported',
    'add: { X-Length: "1" }',
  ],
  ['a header to add twice', add, 'add: { X-A: a, x-a: b }', 'manifest.duplicate_key', 'add: { X-A: a, x-b: b }'],
  [
    'two credentials of one request',
    add,
    'add: { authorization: "Bearer {mail-token}" }\n    auth: identity',
    'manifest.duplicate_key',
    'auth: identity',
  ],
  [
    'two certificates of one connection',
    add,
    'add: { certificate: { cert: "{mail-token}", key: "{stripe-key}" } }\n    auth: certificate',
    'manifest.duplicate_key',
    'auth: certificate',
  ],
  [
    'a private key in the text',
    add,
    'add: { certificate: { cert: "{mail-token}", key: abc } }',
    'manifest.secret_in_text',
    'add: { certificate: { cert: "{mail-token}", key: "{stripe-key}" } }',
  ],
  [
    'a certificate in the text',
    add,
    'add: { certificate: { cert: abc, key: "{stripe-key}" } }',
    'manifest.secret_in_text',
    'add: { certificate: { cert: "{mail-token}", key: "{stripe-key}" } }',
  ],
  [
    'a secret to add in the text',
    add,
    'add: { X-Key: sk_live_51Habcdefghijkl }',
    'manifest.secret_in_text',
    'add: { X-Key: "{mail-token}" }',
  ],
  [
    'a line break in a header to add',
    add,
    'add: { X-A: "a\\r\\nX-B: b" }',
    'manifest.wrong_type',
    'add: { X-A: "a\\tb" }',
  ],
  ['a brace that opens no secret', add, 'add: { X-A: "a}b" }', 'manifest.wrong_type', 'add: { X-A: "ab" }'],
  ['a secret to add that is none', add, 'add: { X-A: "{mail-tokn}" }', 'manifest.unresolved_name', add],
  ['a header to add from outside', add, 'add: { X-A: "${B}" }', 'manifest.substitution', 'add: { X-A: "$B" }'],
  [
    'a door to an address from outside',
    'to: https://api.postmarkapp.com',
    'to: ${MAIL:-https://api.postmarkapp.com}',
    'manifest.substitution',
    'to: https://api.postmarkapp.com',
  ],
  [
    'a substitution that is none',
    'upstream: ${MAIL_UPSTREAM:-http://127.0.0.1:8482}',
    'upstream: "https://a.example${"',
    'manifest.substitution',
    'upstream: https://a.example',
  ],
  [
    'a substitution of nothing',
    'upstream: ${MAIL_UPSTREAM:-http://127.0.0.1:8482}',
    'upstream: ${MAIL_UPSTREAM}',
    'manifest.substitution',
    'upstream: https://a.example',
  ],
  [
    'a token endpoint that is plain',
    add,
    'add: { oauth: { token: "http://login.example/t", client: a, secret: "{mail-token}" } }',
    'manifest.insecure_upstream',
    'add: { oauth: { token: "https://login.example/t", client: a, secret: "{mail-token}" } }',
  ],
  [
    'a token endpoint with a query',
    add,
    'add: { oauth: { token: "https://login.example/t?a=b", client: a, secret: "{mail-token}" } }',
    'manifest.insecure_upstream',
    'add: { oauth: { token: "https://login.example/t", client: a, secret: "{mail-token}" } }',
  ],
  [
    'a range of nothing',
    ops,
    'ops: { send: { request: POST /email, body: { a: { from: 2, to: 1 } } } }',
    'manifest.wrong_type',
    'ops: { send: { request: POST /email, body: { a: { from: 1, to: 2 } } } }',
  ],
  [
    'a template that matches nothing',
    ops,
    'ops: { send: { request: POST /email, body: { a: { like: "a//b" } } } }',
    'manifest.wrong_type',
    'ops: { send: { request: POST /email, body: { a: { like: "a/b" } } } }',
  ],
  [
    'a door at a port of ours',
    'to: https://api.postmarkapp.com',
    'to: https://api.postmarkapp.com:9001',
    'manifest.unsupported',
    'to: https://api.postmarkapp.com:9200',
  ],
  [
    'a door at the port of a tunnel',
    'secrets: {',
    '  a: { to: "https://a.example:6379", ops: { a: GET /a } }\n  t: { to: "tcp://t.internal:6379" }\nsecrets: {',
    'manifest.unsupported',
    '  a: { to: "https://a.example:6379", ops: { a: GET /a } }\n  t: { to: "tcp://t.internal:6380" }\nsecrets: {',
  ],
  [
    'a door that goes out in plain HTTP',
    'secrets: {',
    '  a: { to: "http://a.internal", ops: { a: GET /a } }\nsecrets: {',
    'manifest.insecure_upstream',
    '  a: { to: "http://a.internal:8080", private: true, ops: { a: GET /a } }\nsecrets: {',
  ],
  [
    'a door whose upstream is a public one in plain HTTP',
    'secrets: {',
    '  a: { to: "http://a.internal", upstream: "http://a.example", ops: { a: GET /a } }\nsecrets: {',
    'manifest.insecure_upstream',
    '  a: { to: "http://a.internal", upstream: "https://a.example", ops: { a: GET /a } }\nsecrets: {',
  ],
  // tunnels
  [
    'a tunnel at a port of ours',
    'secrets: {',
    '  t: { to: "tcp://db.internal:443" }\nsecrets: {',
    'manifest.unsupported',
    '  t: { to: "tcp://db.internal:444" }\nsecrets: {',
  ],
  [
    'an opaque door at a port where no box listens',
    'secrets: {',
    '  t: { to: "https://db.example:9001", opaque: true }\nsecrets: {',
    'manifest.unsupported',
    '  t: { to: "https://db.example", upstream: "https://db.example:9001", opaque: true }\nsecrets: {',
  ],
  [
    'a tunnel to where clouds keep credentials',
    'secrets: {',
    '  t: { to: "tcp://169.254.169.254:80" }\nsecrets: {',
    'manifest.insecure_upstream',
    '  t: { to: "tcp://10.0.0.1:81" }\nsecrets: {',
  ],
  [
    'operations of a tunnel',
    'secrets: {',
    '  t: { to: "tcp://db.internal:444", ops: { a: GET /a } }\nsecrets: {',
    'manifest.unsupported',
    '  t: { to: "tcp://db.internal:444" }\nsecrets: {',
  ],
  [
    'a tunnel by another scheme',
    'secrets: {',
    '  t: { to: "http://db.internal:444", opaque: true }\nsecrets: {',
    'manifest.wrong_type',
    '  t: { to: "https://db.internal", opaque: true }\nsecrets: {',
  ],
  [
    'a database without TLS in public',
    'secrets: {',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-token}", database: d, tls: off }\nsecrets: {',
    'manifest.insecure_upstream',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-token}", database: d }\nsecrets: {',
  ],
  [
    'a password of a database in the text',
    'secrets: {',
    '  t: { to: "postgres://db.example", user: u, password: p, database: d }\nsecrets: {',
    'manifest.secret_in_text',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-token}", database: d }\nsecrets: {',
  ],
  [
    'a password of a database that is none',
    'secrets: {',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-tokn}", database: d }\nsecrets: {',
    'manifest.unresolved_name',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-token}", database: d }\nsecrets: {',
  ],
  [
    'a database without a user',
    'secrets: {',
    '  t: { to: "postgres://db.example", password: "{mail-token}", database: d }\nsecrets: {',
    'manifest.missing_key',
    '  t: { to: "postgres://db.example", user: u, password: "{mail-token}", database: d }\nsecrets: {',
  ],
  // guests
  ['more guests than are asked', 'zones:  ', guests(9), 'manifest.too_large', guests(8)],
  [
    'two files of one guest',
    'zones:  ',
    'guardrails: [other.cedar, more/other.cedar]\nzones:  ',
    'manifest.duplicate_name',
    'guardrails: [other.cedar]\nzones:  ',
  ],
  [
    'a guest that may take too long',
    'zones:  ',
    'guests: { other: { policy: other.cedar, deadline: 6s } }\nzones:  ',
    'manifest.wrong_type',
    'guests: { other: { policy: other.cedar, deadline: 5s } }\nzones:  ',
  ],
  [
    'a guest that is asked about nothing',
    'zones:  ',
    'guests: { other: { policy: other.cedar, asks: [nobody] } }\nzones:  ',
    'manifest.unresolved_name',
    'guests: { other: { policy: other.cedar, asks: [doors] } }\nzones:  ',
  ],
  // issuers
  [
    'an issuer with keys of another kind beside its pool',
    'issuers:',
    corp(`${pool}, audience: a`),
    'manifest.unsupported',
    corp(pool),
  ],
  [
    'clients of an issuer that is no pool',
    'issuers:',
    corp('issuer: "https://id.example", audience: a, clients: [b]'),
    'manifest.unsupported',
    corp('issuer: "https://id.example", audience: a'),
  ],
  [
    'a group of a role that is none',
    'issuers:',
    corp(`${pool}, groups: { Staff: suport }`),
    'manifest.unresolved_name',
    corp(`${pool}, groups: { Staff: support }`),
  ],
  [
    'an issuer without an audience',
    'issuers:',
    corp('issuer: "https://id.example"'),
    'manifest.missing_key',
    corp('issuer: "https://id.example", audience: a'),
  ],
  [
    'an issuer of plain HTTP',
    'issuers:',
    corp('issuer: "http://id.example", audience: a'),
    'manifest.insecure_upstream',
    corp('issuer: "https://id.example", audience: a'),
  ],
  [
    'an issuer whose people hold what is none',
    'issuers:',
    corp('issuer: "https://id.example", audience: a, holds: [suport]'),
    'manifest.unresolved_name',
    corp('issuer: "https://id.example", audience: a, holds: [support]'),
  ],
  [
    'an issuer by a name of ours',
    'issuers:',
    'issuers:\n  sts: { issuer: "https://id.example", audience: a }',
    'manifest.duplicate_name',
    corp('issuer: "https://id.example", audience: a'),
  ],
  ['a user of a role that is none', 'sam: [support]', 'sam: [suport]', 'manifest.unresolved_name', 'sam: [support]'],
  // people
  [
    'an account of two persons',
    'zones:  ',
    'persons: { ada: [ada, "corp:ada"], eve: ["corp:ada"] }\nzones:  ',
    'manifest.duplicate_name',
    'persons: { ada: [ada], eve: ["corp:ada"] }\nzones:  ',
  ],
  [
    'approvers that are none',
    'approvers: [admin]',
    'approvers: [amdin]',
    'manifest.unresolved_name',
    'approvers: [admin]',
  ],
  [
    'an inclusion of what is none',
    'customer: { countries',
    'customer: { includes: [custmer], countries',
    'manifest.unresolved_name',
    'customer: { countries',
  ],
  [
    'a power of a role that is none',
    '  secrets: [admin]',
    '  secrets: [amdin]',
    'manifest.unresolved_name',
    '  secrets: [admin]',
  ],
  [
    'a zone open to what is none',
    'from: [public, internal]',
    'from: [publik]',
    'manifest.unresolved_name',
    'from: [public, internal]',
  ],
  [
    'a telling of plain HTTP',
    'zones:  ',
    'notify: { elevation: "http://chat.example/hook" }\nzones:  ',
    'manifest.insecure_upstream',
    'notify: { elevation: "https://chat.example/hook" }\nzones:  ',
  ],
  ['a network that is none', 'CH: [127.0.0.1/32]', 'CH: [300.0.0.1/32]', 'manifest.wrong_type', 'CH: [30.0.0.1/32]'],
  [
    'a network of too many bits',
    'CH: [127.0.0.1/32]',
    'CH: [127.0.0.1/33]',
    'manifest.wrong_type',
    'CH: [127.0.0.1/32]',
  ],
  [
    'a network of IPv6 of too few groups',
    'CH: [127.0.0.1/32]',
    'CH: ["1:2/64"]',
    'manifest.wrong_type',
    'CH: ["1:2::/64"]',
  ],
  [
    'a network of IPv6 that is none',
    'CH: [127.0.0.1/32]',
    'CH: ["1::2::/64"]',
    'manifest.wrong_type',
    'CH: ["1::2/64"]',
  ],
  // services
  [
    'an endpoint of AWS that is plain',
    'issuers:',
    `${aws(', endpoint: "http://sts.example"')}\nissuers:`,
    'manifest.insecure_upstream',
    `${aws('')}\nissuers:`,
  ],
  // tables
  [
    'one table twice',
    'tables:',
    'tables:\n  again: { dynamodb: Orders, key: id }',
    'manifest.duplicate_name',
    'tables:\n  again: { dynamodb: Others, key: id }',
  ],
  [
    'a table of three keys',
    'key: [customer, id]',
    'key: [customer, id, more]',
    'manifest.wrong_type',
    'key: [customer, id]',
  ],
  [
    'an index of three keys',
    'key: [customer, id]',
    'key: [customer, id], indexes: { by-date: [customer, date, more] }',
    'manifest.wrong_type',
    'key: [customer, id], indexes: { by-date: [customer, date] }',
  ],
  [
    'a number that is no key',
    'key: [customer, id]',
    'key: [customer, id], indexes: { by-date: [customer, date] }, numbers: [amount]',
    'manifest.unresolved_name',
    'key: [customer, id], indexes: { by-date: [customer, date] }, numbers: [date]',
  ],
]

describe('a manifest is refused with', () => {
  for (const [what, from, bad, code, good] of rows) {
    it(`${what}, and not without`, () => {
      expect(codesOf(edited(from, bad, bare))).toContain(code)
      expect(codesOf(edited(from, good, bare))).toEqual([])
    })
  }
})
