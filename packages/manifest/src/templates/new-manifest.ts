/** A small app that works as it is: one function, one route, one door. */
export interface NewApp {
  readonly name: string
  /** Path inside the app folder → text. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * What `sallyport init` writes. The name is made fit for an ARN: `My Shop` becomes `my-shop`. `schema` is where editors
 * find the JSON Schema of manifests, seen from the app's folder.
 */
export function newManifest(name: string, schema: string): NewApp {
  const plain = name
    .normalize('NFKD') // ü is u and two dots, which go
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 63)
  const app = plain === '' ? 'app' : plain
  return {
    name: app,
    files: {
      'sallyport.yaml': manifest(app, schema),
      'src/hello.ts': hello,
      'schemas/greeting.json': greeting,
      'events/hello.json': event,
      '.gitignore': '.sallyport/\nnode_modules/\n',
    },
  }
}

const manifest = (app: string, schema: string): string => `# yaml-language-server: $schema=${schema}
app: ${app}
issuers:
  embedded:                          # Sallyport's own OpenID provider; sign-in details are made on the first run
    users:
      alice: [member]
      ada: [admin]
people:                              # roles, from verified token claims
  member: {}
  admin: { mfa: true }
administration:                      # who may change a running server; MFA is always demanded
  secrets: [admin]
  configuration: [admin]
  invoke: [admin]
zones:                               # who may call in; everything else is unreachable
  public: { from: [internet] }
doors:                               # the only ways out
  github:
    to: https://api.github.com
    ops: { zen: GET /zen }
functions:
  hello:
    zone: public
    code: src/hello.ts
    routes:
      POST /hello: { who: [member], body: schemas/greeting.json, limit: 60/m }
    can: { github: [zen] }
only:                                # invariants: these, and nobody else, ever
  - member -> POST /hello
  - hello -> github
expect:                              # worked examples; run on load and in CI
  allow:
    - member -> POST /hello
    - hello -> GET https://api.github.com/zen
  deny:
    - anyone -> POST /hello
    - hello -> GET https://api.github.com/user
    - hello -> POST https://evil.example/
`

const hello = `/** Answers with a greeting and a line fetched through the door: no network, no key in here. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { name } = (await request.json()) as { name: string }
    const zen = await fetch('https://api.github.com/zen', { headers: { 'user-agent': 'sallyport-hello' } })
    const thought = zen.ok ? await zen.text() : \`the door answered \${zen.status}\`
    return Response.json({ greeting: \`Hello, \${name}.\`, thought })
  },
}
`

const greeting = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 80 } },
  "required": ["name"],
  "additionalProperties": false
}
`

const event = `{
  "version": "2.0",
  "rawPath": "/hello",
  "requestContext": { "http": { "method": "POST", "path": "/hello" } },
  "body": "{\\"name\\":\\"Alice\\"}"
}
`
