import type { Shape } from './shape.ts'
import { callLimit, duration, free, header, name, nameSays, operationName, routeKey, url } from './words.ts'

const integer: Shape = { kind: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
const headerText: Shape = { kind: 'text', says: 'a header name', pattern: header }
const request: Shape = { kind: 'text', says: 'METHOD /path of plain and :name segments', pattern: routeKey }
/** A field of a body: `customer.country` in JSON, or the name of a form field as it is sent. */
const fieldName = /^[^\s*]{1,256}$/
const fieldText: Shape = { kind: 'text', says: 'a field such as customer.country', pattern: fieldName }
const maxBodyBytes: Shape = { kind: 'integer', minimum: 0, maximum: 5 * 1024 ** 3 }
const templates = (says: string, pattern: RegExp): Shape => ({
  kind: 'record',
  keys: {},
  named: { says, pattern, of: free },
})

/** What one value must be: a text is itself, a list is one of several, `any` is anything. Never an expression. */
const constraint: Shape = {
  kind: 'either',
  of: [
    free,
    { kind: 'list', of: free, atLeast: 1 },
    {
      kind: 'record',
      keys: {
        in: { shape: { kind: 'list', of: free, atLeast: 1 }, about: 'One of these.' },
        like: {
          shape: { kind: 'text', says: 'plain and :name segments such as cus/:id', pattern: /^[^\s*]{1,512}$/ },
          about: 'Segments between slashes: each itself, or any one under a :name.',
        },
        from: { shape: integer, about: 'A number, and not less.' },
        to: { shape: integer, about: 'A number, and not more.' },
        maxLength: { shape: { kind: 'integer', minimum: 0, maximum: 1_000_000 }, about: 'Characters at most.' },
        optional: { shape: { kind: 'flag' }, about: 'It may be left out; what is named must come unless said.' },
      },
    },
  ],
}

const constraints = (says: string): Shape => ({
  kind: 'record',
  keys: {},
  orEmpty: true,
  named: { says, pattern: fieldName, of: constraint },
})

const returns: Shape = {
  kind: 'record',
  keys: {
    headers: { shape: { kind: 'list', of: headerText }, about: 'The only response headers let through.' },
    fields: {
      shape: { kind: 'list', of: fieldText, atLeast: 1 },
      about: 'The only fields of a JSON answer let through; an answer that is no JSON is held back.',
    },
  },
}

const operation: Shape = {
  kind: 'either',
  of: [
    request,
    {
      kind: 'record',
      keys: {
        request: { shape: request, required: true, about: 'METHOD /path.' },
        query: {
          shape: constraints('a query parameter'),
          about: 'Parameter → what it must be; others are refused. {} for none.',
        },
        body: {
          shape: constraints('a field such as customer.country'),
          about: 'Field of a JSON or form body → what it must be; others are refused.',
        },
        open: {
          shape: {
            kind: 'list',
            of: { kind: 'text', says: '"query" or "body"', options: ['query', 'body'] },
            atLeast: 1,
          },
          about: 'Where what is not named may pass as well.',
        },
        returns: { shape: returns, about: 'What of the answer is let through.' },
        limit: { shape: callLimit, about: 'Calls per interval for one function.' },
        timeout: { shape: duration, about: "The door's unless said." },
        retry: {
          shape: { kind: 'integer', minimum: 1, maximum: 5 },
          about: 'More attempts at most: of GET, HEAD, PUT, DELETE and OPTIONS, or with an idempotency key.',
        },
        idempotency: {
          shape: headerText,
          about: 'The header that makes a repetition harmless upstream; the door adds one where the caller sends none.',
        },
        maxBodyBytes: { shape: maxBodyBytes, about: "Largest body; the door's unless said." },
      },
    },
  ],
}

const oauth: Shape = {
  kind: 'record',
  keys: {
    token: { shape: url, required: true, about: 'Token endpoint. May hold ${NAME:-default}.' },
    client: { shape: free, required: true, about: 'Client id, or {secret}.' },
    secret: { shape: free, required: true, about: '{secret}.' },
    scope: { shape: free, about: 'Scopes, separated by spaces.' },
    audience: { shape: free, about: 'Sent as audience, where the issuer wants one.' },
  },
}

const add: Shape = {
  kind: 'record',
  keys: {
    query: {
      shape: templates('a query parameter', /^[^\s*&=#]{1,128}$/),
      about: 'Query parameter → template; {secret} stands for a secret.',
    },
    body: {
      shape: templates('a field such as api_key', fieldName),
      about: 'Field of a JSON or form body → template; {secret} stands for a secret.',
    },
    basic: {
      shape: {
        kind: 'record',
        keys: {
          user: { shape: free, required: true, about: 'Text, or {secret}.' },
          password: { shape: free, required: true, about: '{secret}.' },
        },
      },
      about: 'HTTP Basic (RFC 7617).',
    },
    certificate: {
      shape: {
        kind: 'record',
        keys: {
          cert: { shape: free, required: true, about: '{secret} that holds the certificate chain, PEM.' },
          key: { shape: free, required: true, about: '{secret} that holds the private key, PEM.' },
        },
      },
      about: 'Client certificate for TLS to the upstream.',
    },
    oauth: { shape: oauth, about: 'OAuth 2.0 client credentials (RFC 6749 §4.4); tokens are kept until they expire.' },
  },
  named: { says: 'a header name', pattern: header, of: free },
}

/** `doors:`, one table for the reader and for the JSON Schema. */
export const doorsShape: Shape = {
  kind: 'record',
  keys: {},
  named: {
    says: nameSays,
    pattern: name,
    of: {
      kind: 'record',
      keys: {
        to: { shape: url, required: true, about: 'Where the function believes it goes.' },
        upstream: {
          shape: url,
          about: 'Where the door really goes; the same unless said. May hold ${NAME:-default}.',
        },
        add: { about: 'Header → template; {secret} stands for a secret.', shape: add },
        auth: {
          about:
            'identity: a signed token of the function. certificate: its X.509-SVID. signature: each request signed.',
          shape: {
            kind: 'either',
            of: [
              {
                kind: 'text',
                says: '"identity", "certificate" or "signature"',
                options: ['identity', 'certificate', 'signature'],
              },
              {
                kind: 'record',
                keys: {
                  identity: { shape: free, required: true, about: 'The audience of the token; `to` unless said.' },
                  certificate: {
                    shape: { kind: 'flag' },
                    about: "The function's X.509-SVID as client certificate, to which the token is bound (RFC 8705).",
                  },
                  signature: {
                    shape: { kind: 'flag' },
                    about: 'Each request is signed with its digest (RFC 9421), the token included.',
                  },
                },
              },
            ],
          },
        },
        peer: {
          shape: { kind: 'text', says: 'a SPIFFE id such as spiffe://orders/gateway', pattern: /^spiffe:\/\// },
          about: 'The workload that the upstream must prove to be, by its X.509-SVID; its trust domain under "trust".',
        },
        private: { shape: { kind: 'flag' }, about: 'The upstream may be in a private network.' },
        opaque: {
          shape: { kind: 'flag' },
          about: 'TLS is passed through by its server name: no secret, no operations but connect, nothing looked into.',
        },
        user: { shape: free, about: 'For postgres: the user as whom the door signs in.' },
        password: { shape: free, about: 'For postgres: {secret}.' },
        database: { shape: free, about: 'For postgres: the database.' },
        tls: {
          shape: { kind: 'text', says: '"required" or "off"', options: ['required', 'off'] },
          about: 'For postgres: required unless said; off for a private upstream only.',
        },
        ops: {
          about: 'Operation → METHOD /path, or a map with its constraints. Doors that are no HTTP have connect.',
          shape: {
            kind: 'record',
            keys: {},
            named: { says: 'an operation name', pattern: operationName, of: operation },
          },
        },
        accept: {
          about: 'Request headers let through besides the standard ones.',
          shape: { kind: 'list', of: headerText },
        },
        returns: { shape: returns, about: 'What of every answer is let through.' },
        limit: { shape: callLimit, about: 'Calls per interval for one function, over all operations.' },
        timeout: { shape: duration, about: '30s unless said.' },
        maxBodyBytes: { shape: maxBodyBytes, about: 'Largest request body; 6 MiB unless said.' },
      },
    },
  },
}

/** Keys under `add` that are not headers. */
export const addedParts: ReadonlySet<string> = new Set(Object.keys(add.kind === 'record' ? add.keys : {}))
