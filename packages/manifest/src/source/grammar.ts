import { issuerKinds } from '@sallyport/core/identity'

import { servicesShape, trustShape } from './service-grammar.ts'
import { devicesShape } from './device-grammar.ts'
import { doorsShape } from './door-grammar.ts'
import { hereOrElsewhere } from './elsewhere-grammar.ts'
import type { Field, Shape } from './shape.ts'
import {
  callLimit,
  country,
  duration,
  file,
  free,
  name,
  names,
  nameSays,
  nameText,
  operationName,
  operations,
  routeKey,
  url,
} from './words.ts'

/** What may be demanded of a sign-in (RFC 9470); the answer to one that is not so says what it must be. */
const assurance: Readonly<Record<string, Field>> = {
  'max-age': { shape: duration, about: 'How long ago the person may have signed in.' },
  scopes: {
    shape: {
      kind: 'list',
      of: { kind: 'text', says: 'a scope such as refund', pattern: /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/ },
      atLeast: 1,
    },
    about: 'Scopes that the token must have, all of them.',
  },
}

const power: Shape = {
  kind: 'either',
  of: [
    names,
    {
      kind: 'record',
      keys: {
        roles: { shape: names, required: true, about: 'Roles that have it.' },
        elevated: { shape: { kind: 'flag' }, about: 'Only while the role is elevated, for roles with jit.' },
        ...assurance,
      },
    },
  ],
}

const account: Shape = {
  kind: 'text',
  says: 'an account such as ada or pool:ada',
  pattern: /^[^\s*?${}"'<>\\]{1,320}$/,
}
const column: Shape = { kind: 'text', says: 'a column name', pattern: /^[A-Za-z0-9_.-]{1,255}$/ }
const examples: Shape = { kind: 'list', of: { kind: 'text', says: '"subject -> object"', pattern: /^[^*]+ -> [^*]+$/ } }
const columns: Shape = { kind: 'list', of: column, atLeast: 1 }

const keyColumns: Shape = { kind: 'either', of: [column, columns] }

/** The verbs that a table knows, each with the DynamoDB action it stands for. */
export const tableVerbs = {
  get: 'dynamodb:GetItem',
  put: 'dynamodb:PutItem',
  update: 'dynamodb:UpdateItem',
  delete: 'dynamodb:DeleteItem',
  query: 'dynamodb:Query',
  scan: 'dynamodb:Scan',
  'batch-get': 'dynamodb:BatchGetItem',
  'batch-write': 'dynamodb:BatchWriteItem',
  check: 'dynamodb:ConditionCheckItem',
} as const

/** What may be done with the rows of a table, as `can` spells it. */
export type TableVerb = keyof typeof tableVerbs

const authorizer: Shape = {
  kind: 'record',
  keys: {
    type: {
      required: true,
      shape: { kind: 'text', says: 'COGNITO_USER_POOLS', options: ['COGNITO_USER_POOLS'] },
      about: 'API Gateway authorizer type.',
    },
    cognitoUserPools: {
      required: true,
      shape: {
        kind: 'list',
        atLeast: 1,
        of: {
          kind: 'text',
          says: 'a user pool id such as us-east-1_abc123, or its ARN',
          pattern: /^(?:arn:aws:cognito-idp:[a-z0-9-]+:\d{12}:userpool\/)?[a-z]{2}(?:-[a-z]+)+-\d_[A-Za-z0-9]{1,55}$/,
        },
      },
      about: 'User pools whose tokens are accepted.',
    },
    identitySource: {
      shape: {
        kind: 'text',
        says: 'method.request.header.Authorization',
        pattern: /^method\.request\.header\.[Aa]uthorization$/,
      },
      about: 'Where the token stands; only the Authorization header is read.',
    },
  },
}

const rowsText: Shape = { kind: 'text', says: '"own" or "any"', options: ['own', 'any'] }

const rows: Shape = {
  kind: 'record',
  keys: {
    rows: {
      shape: rowsText,
      required: true,
      about: 'own: rows whose partition key is the user served; any: all rows.',
    },
    except: { shape: names, about: 'Roles of the user served to whom every row is open.' },
    columns: { shape: columns, about: 'For update: the only columns that may be written.' },
  },
}

const forRoles: Shape = {
  kind: 'record',
  keys: {
    for: {
      shape: { kind: 'list', of: nameText, atLeast: 1 },
      required: true,
      about: 'Roles one of which the user served must hold, with every proof that the role needs.',
    },
  },
}

const embeddedClient: Shape = {
  kind: 'record',
  keys: {
    roles: { shape: names, about: 'Roles of the tokens that it gets for itself; it needs keys for those.' },
    jwks: { shape: file, about: 'JWKS file of its public keys, by which it proves itself (private_key_jwt).' },
    redirects: {
      shape: { kind: 'list', of: url, atLeast: 1 },
      about: 'Where people come back to after they signed in.',
    },
    logout: { shape: { kind: 'list', of: url, atLeast: 1 }, about: 'Where people may go on to after they signed out.' },
    dpop: { shape: { kind: 'flag' }, about: 'Its tokens are bound to a key that it proves with each request.' },
  },
}

const claimValues: Shape = {
  kind: 'list',
  of: { kind: 'text', says: 'a value of the claim', pattern: /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/ },
  atLeast: 1,
}

const upstream: Shape = {
  kind: 'record',
  keys: {
    issuer: { shape: url, required: true, about: 'Its exact issuer, as its ID tokens and its metadata state it.' },
    client: { shape: free, required: true, about: 'The client id that it gave this app.' },
    secret: { shape: nameText, required: true, about: 'The secret that is shown there for the client.' },
    scopes: { shape: claimValues, about: 'What is asked for beside openid; profile unless said.' },
    mfa: {
      about: 'What must stand in the ID token for it to count as two factors; it counts as one unless said.',
      shape: {
        kind: 'record',
        keys: {
          amr: { shape: claimValues, about: 'Authentication methods (RFC 8176), of which one must be among its own.' },
          acr: { shape: claimValues, about: 'Authentication contexts, of which one must be its own.' },
        },
      },
    },
  },
}

/** A verb of a table may also be the name of an operation: which it is shows only when the thing is known. */
const permission: Shape = {
  kind: 'either',
  of: [
    operations,
    {
      kind: 'record',
      keys: Object.fromEntries(
        Object.keys(tableVerbs).map((verb) => [verb, { shape: { kind: 'either', of: [rowsText, rows, forRoles] } }]),
      ),
      named: {
        says: 'an operation name or a table verb',
        pattern: operationName,
        of: { kind: 'either', of: [{ kind: 'text', says: '"any"', options: ['any'] }, forRoles] },
      },
    },
  ],
}

const separated: Shape = { kind: 'list', of: { kind: 'list', of: nameText, atLeast: 2 }, atLeast: 1 }
const guestScope: Shape = { kind: 'text', says: 'a kind of requests, or a thing', pattern: /^[^*]{1,256}$/ }

const route: Shape = {
  kind: 'record',
  keys: {
    who: {
      shape: { kind: 'list', of: nameText, atLeast: 1 },
      required: true,
      about: 'Roles that may call it, or [anyone].',
    },
    body: { shape: file, about: 'JSON Schema of the body.' },
    limit: {
      shape: callLimit,
      about: 'Calls per interval for one subject.',
    },
    maxBodyBytes: {
      shape: { kind: 'integer', minimum: 0, maximum: 6 * 1024 * 1024 },
      about: 'Largest body; 1 MiB unless said.',
    },
    ...assurance,
    mfa: { shape: { kind: 'flag' }, about: 'Needs two factors, whatever the role demands.' },
  },
}

/** The grammar of `sallyport.yaml`: one table for the reader and for the JSON Schema. */
export const manifestShape: Extract<Shape, { kind: 'record' }> = {
  kind: 'record',
  keys: {
    app: { shape: nameText, required: true, about: 'The name of the app; part of every ARN.' },
    authorizer: { shape: authorizer, about: "API Gateway's Cognito authorizer block, as it stands." },
    issuers: {
      about: 'Who may vouch for people.',
      shape: {
        kind: 'record',
        keys: {
          embedded: {
            about: "Sallyport's own OpenID provider.",
            shape: {
              kind: 'record',
              keys: {
                users: {
                  about: 'User name → roles, made on the first run with details to sign in for development.',
                  shape: { kind: 'record', keys: {}, named: { says: nameSays, pattern: name, of: names } },
                },
                clients: {
                  about: 'Programs that may ask for tokens.',
                  shape: { kind: 'record', keys: {}, named: { says: nameSays, pattern: name, of: embeddedClient } },
                },
                upstreams: {
                  about: 'Providers outside at which users sign in whom an administrator linked there.',
                  shape: { kind: 'record', keys: {}, named: { says: nameSays, pattern: name, of: upstream } },
                },
              },
            },
          },
        },
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            keys: {
              authorizer: { shape: authorizer, about: 'A Cognito user pool.' },
              clients: { shape: { kind: 'list', of: free }, about: 'Cognito client ids that may present tokens.' },
              groups: {
                about: 'Cognito group → role.',
                shape: {
                  kind: 'record',
                  keys: {},
                  named: { says: 'a group name', pattern: /^[^\s*]{1,128}$/, of: nameText },
                },
              },
              issuer: { shape: url, about: 'OpenID issuer URL.' },
              audience: { shape: free, about: 'The audience that a token must name.' },
              roles: { shape: free, about: 'The claim that holds the roles.' },
              type: {
                shape: { kind: 'text', says: 'a known kind of issuer', options: Object.keys(issuerKinds) },
                about: 'How the issuer words its tokens; RFC 9068 when absent.',
              },
              only: {
                about: 'Claim → value or values: only tokens that have one of them count.',
                shape: {
                  kind: 'record',
                  keys: {},
                  named: {
                    says: 'a claim',
                    pattern: /^[^\s*]{1,256}$/,
                    of: { kind: 'either', of: [free, { kind: 'list', of: free, atLeast: 1 }] },
                  },
                },
              },
              holds: { shape: names, about: 'Roles of everybody for whom this issuer vouches.' },
              scopes: { shape: { kind: 'list', of: free }, about: 'Scopes that a token must have, all of them.' },
              exchange: {
                shape: { kind: 'flag' },
                about: 'Its tokens may be exchanged for shorter ones that are bound to a key.',
              },
              jwks: { shape: file, about: "JWKS file, in place of the issuer's own address." },
            },
          },
        },
      },
    },
    services: { about: 'Programs outside that may call routes.', shape: servicesShape },
    trust: { about: 'SPIFFE trust domain → its bundle (JSON) or its authorities (PEM).', shape: trustShape },
    devices: { about: 'Who is believed about the devices that people use.', shape: devicesShape },
    locations: {
      about: 'Where addresses are: networks of your own by country, before any database.',
      shape: {
        kind: 'record',
        keys: {
          database: {
            shape: file,
            about: 'A country database in MaxMind format (.mmdb), or none; the one that comes along unless said.',
          },
        },
        named: {
          says: 'a country code such as CH',
          pattern: /^[A-Z]{2}$/,
          of: {
            kind: 'list',
            of: {
              kind: 'text',
              says: 'a network such as 10.0.0.0/8',
              pattern: /^(?:\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}|[0-9A-Fa-f:]{2,39}\/\d{1,3})$/,
            },
          },
        },
      },
    },
    people: {
      about: 'Roles, from verified token claims.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            orEmpty: true,
            keys: {
              mfa: { shape: { kind: 'flag' }, about: 'The role counts only when two factors were proved.' },
              countries: {
                shape: { kind: 'list', of: country, atLeast: 1 },
                about: 'Countries the role may come from; any unless said.',
              },
              device: {
                shape: { kind: 'text', says: '"managed"', options: ['managed'] },
                about: 'Only an enrolled device will do.',
              },
              signals: {
                shape: { kind: 'text', says: '"fresh"', options: ['fresh'] },
                about: 'The role counts only while the signal streams about its holder are heard in time.',
              },
              risk: {
                shape: { kind: 'text', says: '"low" or "medium"', options: ['low', 'medium'] },
                about: 'The highest risk that a signal stream may see in its holder; any unless said.',
              },
              includes: { shape: names, about: 'Roles as which its holders count too, with the demands of both.' },
              jit: {
                about: 'The role counts only while elevated.',
                shape: {
                  kind: 'record',
                  keys: {
                    max: { shape: duration, required: true, about: 'Longest elevation.' },
                    approvers: {
                      shape: { kind: 'list', of: nameText, atLeast: 1 },
                      required: true,
                      about: 'Roles that approve; never the requester.',
                    },
                    reason: {
                      shape: { kind: 'text', says: '"required" or "optional"', options: ['required', 'optional'] },
                      about: 'Required unless said.',
                    },
                    approvals: {
                      shape: { kind: 'integer', minimum: 1, maximum: 9 },
                      about: 'How many different persons must approve; one unless said.',
                    },
                    request: { shape: duration, about: 'How long a request waits for approval; 1d unless said.' },
                    approval: {
                      shape: duration,
                      about: 'How long an approval may be used again; as long as max unless said.',
                    },
                    'break-glass': {
                      shape: duration,
                      about:
                        'Elevation without approval, three times a day, with an alarm; for so long; none unless said.',
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    separation: {
      about: 'Roles of which nobody may have two.',
      shape: {
        kind: 'record',
        keys: {
          static: { shape: separated, about: 'Nobody may hold two of a list.' },
          dynamic: { shape: separated, about: 'Nobody may have two of a list active, which with jit means elevated.' },
        },
      },
    },
    administration: {
      about: 'Who may change a running server; MFA is always demanded.',
      shape: {
        kind: 'record',
        keys: {
          secrets: { shape: power, about: 'Roles that may set secrets.' },
          configuration: { shape: power, about: 'Roles that may apply a manifest.' },
          invoke: { shape: power, about: 'Roles that may invoke a function directly.' },
          users: { shape: power, about: 'Roles that may add, reset and disable users, and end what anybody holds.' },
        },
      },
    },
    signals: {
      about: 'Who outside may tell that a session, a credential, a device or a person is to be trusted less.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            keys: {
              of: { shape: nameText, required: true, about: 'The issuer whose people it speaks of.' },
              transmitter: { shape: url, required: true, about: 'The exact issuer of its events.' },
              audience: { shape: free, required: true, about: 'For whom its events must be made.' },
              jwks: { shape: file, about: 'JWKS file, in place of what the transmitter publishes.' },
              poll: { shape: url, about: 'Where it is polled (RFC 8936); it pushes unless said.' },
              secret: { shape: nameText, about: 'The secret that is shown there as a bearer token.' },
              silence: { shape: duration, about: 'How long it may be silent and still be believed; 1h unless said.' },
            },
          },
        },
      },
    },
    persons: {
      about: 'Accounts that belong to one person, who approves with none of them what another one asked for.',
      shape: {
        kind: 'record',
        keys: {},
        named: { says: nameSays, pattern: name, of: { kind: 'list', of: account, atLeast: 1 } },
      },
    },
    notify: {
      about: 'Who is told.',
      shape: {
        kind: 'record',
        keys: {
          elevation: { shape: url, required: true, about: 'Told of each request: id, role, requester, reason.' },
        },
      },
    },
    zones: {
      about: 'Who may call in; everything else is unreachable.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            keys: { from: { shape: names, required: true, about: 'Zones that may call in, and internet.' } },
          },
        },
      },
    },
    doors: { about: 'The only ways out.', shape: doorsShape },
    secrets: {
      about: 'Names of secrets; values are set with sallyport secret set.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            orEmpty: true,
            keys: { rotate: { shape: duration, about: 'How old it may become.' } },
          },
        },
      },
    },
    tables: {
      about: 'DynamoDB tables.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            keys: {
              dynamodb: {
                required: true,
                about: 'Table name.',
                shape: { kind: 'text', says: 'a DynamoDB table name', pattern: /^[A-Za-z0-9_.-]{3,255}$/ },
              },
              key: {
                required: true,
                about: 'Partition key, or [partition key, sort key].',
                shape: keyColumns,
              },
              indexes: {
                about: 'Secondary index → its key, written as that of the table.',
                shape: {
                  kind: 'record',
                  keys: {},
                  named: { says: 'the name of an index', pattern: /^[A-Za-z0-9_.-]{3,255}$/, of: keyColumns },
                },
              },
              numbers: { shape: columns, about: 'Key columns that are numbers; text unless said.' },
              region: {
                about: 'us-east-1 unless said.',
                shape: { kind: 'text', says: 'a region such as eu-central-1', pattern: /^[a-z]{2}(?:-[a-z]+)+-\d$/ },
              },
              account: {
                about: '123456789012 unless said.',
                shape: { kind: 'text', scalar: true, says: 'an account of twelve digits', pattern: /^\d{12}$/ },
              },
              endpoint: {
                shape: url,
                about: 'DynamoDB endpoint; the embedded one unless said. May hold ${NAME:-default}.',
              },
            },
          },
        },
      },
    },
    functions: {
      about: 'The functions, and what each can do.',
      required: true,
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: hereOrElsewhere({
            kind: 'record',
            keys: {
              zone: { shape: nameText, required: true, about: 'The zone in which it runs.' },
              code: {
                shape: file,
                required: true,
                about: 'Entry module, or a folder that is taken as it stands, as AWS Lambda takes a zip file.',
              },
              engine: {
                shape: {
                  kind: 'text',
                  says: 'box, gvisor, workerd, http or lambda',
                  options: ['box', 'gvisor', 'workerd'],
                },
                about: 'In a box unless said; gvisor: one with a kernel of its own; workerd: for fetch handlers.',
              },
              runtime: {
                about: 'What runs it; known by the name of its code unless said.',
                shape: { kind: 'text', says: 'node, python or bootstrap', options: ['node', 'python', 'bootstrap'] },
              },
              handler: {
                about: 'Which function: `handler` of a module, `app.handler` of a folder.',
                shape: { kind: 'text', says: 'FUNCTION or MODULE.FUNCTION', pattern: /^[A-Za-z0-9_$][\w$./-]{0,127}$/ },
              },
              layers: { shape: { kind: 'list', of: file }, about: 'Folders that are laid over each other at /opt.' },
              boxes: {
                about: 'How many boxes it may have, and how long they wait.',
                shape: {
                  kind: 'record',
                  keys: {
                    min: {
                      shape: { kind: 'integer', minimum: 0, maximum: 50 },
                      about: 'Ready ahead of need; 1 unless said.',
                    },
                    max: {
                      shape: { kind: 'integer', minimum: 1, maximum: 200 },
                      about: 'Alive at once; 8 unless said.',
                    },
                    idle: { shape: duration, about: 'An unused box beyond `min` ends after this; 5m unless said.' },
                    queue: {
                      shape: { kind: 'integer', minimum: 0, maximum: 10_000 },
                      about: 'Calls that may wait for a box; 16 for each box unless said.',
                    },
                  },
                },
              },
              routes: {
                about: 'METHOD /path → who may call it.',
                shape: {
                  kind: 'record',
                  keys: {},
                  named: { says: 'METHOD /path of plain and :name segments', pattern: routeKey, of: route },
                },
              },
              offers: { shape: operations, about: 'Operations that other functions may be granted.' },
              event: {
                about: 'Whose event it expects: an HTTP API unless said, a REST API, a function URL, a balancer.',
                shape: { kind: 'text', says: 'http, rest, url or alb', options: ['http', 'rest', 'url', 'alb'] },
              },
              can: {
                about: 'Thing → what may be done with it.',
                shape: { kind: 'record', keys: {}, named: { says: nameSays, pattern: name, of: permission } },
              },
              env: {
                about: 'Plain values. Secrets belong to doors.',
                shape: {
                  kind: 'record',
                  keys: {},
                  named: { says: 'a variable name', pattern: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, of: free },
                },
              },
              reuse: {
                about: 'Whom one box may serve.',
                shape: { kind: 'text', says: 'never, user or shared', options: ['never', 'user', 'shared'] },
              },
              timeout: { shape: duration, about: '10s unless said.' },
              memory: { shape: { kind: 'integer', minimum: 128, maximum: 10240 }, about: 'In MB; 256 unless said.' },
              tmp: {
                shape: { kind: 'integer', minimum: 64, maximum: 10240 },
                about: 'Of /tmp, in MB, beside memory; 64 within it unless said.',
              },
              policies: {
                shape: { kind: 'list', of: file },
                about: 'IAM documents attached to its identity, and guests.',
              },
            },
          }),
        },
      },
    },
    guardrails: {
      shape: { kind: 'list', of: file },
      about: 'IAM documents of denies, and guest policies (.wasm, .cedar), asked for every request.',
    },
    guests: {
      about: 'Guest policies with their options; each can only narrow.',
      shape: {
        kind: 'record',
        keys: {},
        named: {
          says: nameSays,
          pattern: name,
          of: {
            kind: 'record',
            orEmpty: true,
            keys: {
              policy: {
                shape: file,
                about: 'The .wasm or .cedar file, unless it stands under guardrails or policies by this name.',
              },
              asks: {
                shape: { kind: 'list', of: guestScope, atLeast: 1 },
                about:
                  'What it is asked about: routes, functions, doors, aws, administration, or things by their names.',
              },
              entrypoint: {
                shape: { kind: 'text', says: 'an entrypoint such as shop/allow', pattern: /^[A-Za-z0-9_./-]{1,256}$/ },
                about: 'For OPA; sallyport/allow unless said.',
              },
              data: { shape: file, about: 'For OPA: a JSON file, the document data.' },
              deadline: { shape: duration, about: '1s unless said; at most 5s.' },
              memory: {
                shape: { kind: 'integer', minimum: 1, maximum: 512 },
                about: 'In MB; 32 unless said for OPA, 64 for Cedar.',
              },
            },
          },
        },
      },
    },
    only: {
      about: 'Invariants: these, and nobody else, ever.',
      shape: { kind: 'list', of: { kind: 'text', says: '"subject, subject -> object"', pattern: /^[^*]+ -> [^*]+$/ } },
    },
    expect: {
      about: 'Worked examples; run on load and in CI.',
      shape: {
        kind: 'record',
        keys: {
          allow: { shape: examples, about: 'Must be allowed.' },
          deny: { shape: examples, about: 'Must be refused.' },
        },
      },
    },
  },
}
