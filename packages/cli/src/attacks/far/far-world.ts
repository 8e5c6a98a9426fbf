import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'

import { type Canaries, openCanaries } from '../world/canaries.ts'
import { type ClientAnswer, send } from '../world/client.ts'
import { withClosing } from '../world/closing.ts'
import { command, type RunningApp, startApp } from '../world/running-app.ts'
import { tokens } from '../world/tokens.ts'

/** Engines whose functions run on a machine that is not ours. */
export type FarEngine = 'http' | 'lambda'

/** One call as it arrived on the other machine: what a thief there, or on the way, has in hands. */
export interface Taken {
  readonly ticket: string | undefined
  readonly body: Uint8Array<ArrayBuffer>
}

/** An app whose one function runs elsewhere, and the machine elsewhere. */
export interface FarWorld {
  /** Aborted when somebody interrupts: then no further attack is made. */
  readonly interrupted: AbortSignal
  readonly app: RunningApp
  readonly canaries: Canaries
  /** What arrived there, newest last. Nothing of it has been shown to a verifier. */
  readonly taken: readonly Taken[]
  /** As the function's verifier finds them: at the gateway. */
  readonly keys: string
  /** The next call is answered with this redirect. */
  redirectTo(url: string): void
  /** One call through the gateway. */
  call(user: 'alice' | 'sam', body: string): Promise<ClientAnswer>
}

/** What the tickets of that function name. */
export const farFunction = {
  issuer: 'spiffe://far',
  audience: 'arn:sallyport:function:far:public:shop',
  version: '7',
} as const

const places: Readonly<Record<FarEngine, readonly string[]>> = {
  http: ['engine: http', 'url: ${FAR}/run'],
  lambda: ['engine: lambda', 'function: shop', 'region: eu-central-1', 'endpoint: ${FAR}'],
}

function manifestFor(engine: FarEngine): string {
  const lines = [...places[engine], `version: ${farFunction.version}`]
  return `app: far
issuers: { embedded: { users: { alice: [customer], sam: [support], ada: [admin] } } }
people:
  customer: {}
  support: {}
  admin: { mfa: true, device: managed }
administration: { secrets: [admin] }
zones: { public: { from: [internet] } }
${engine === 'lambda' ? 'secrets: { aws-access-key-id: {}, aws-secret-access-key: {} }\n' : ''}functions:
  shop:
    zone: public
    routes: { POST /do: { who: [customer] } }
${lines.map((line) => `    ${line}\n`).join('')}`
}

/** Starts both, runs `use`, and stops what it started. */
export async function withFarWorld<Result>(
  engine: FarEngine,
  nowMs: () => number,
  use: (world: FarWorld) => Promise<Result>,
): Promise<Result> {
  return withClosing(async (closing, interrupted) => {
    const canaries = await openCanaries({ tcpPort: 0, nowMs: nowMs() })
    closing(() => canaries.close())
    const taken: Taken[] = []
    let redirect: string | undefined
    const server = createServer((request, response) => {
      void request.toArray().then((chunks: readonly Buffer[]) => {
        taken.push({ ticket: ticketIn(request, engine), body: new Uint8Array(Buffer.concat(chunks)) })
        const location = redirect
        redirect = undefined
        if (location !== undefined) return response.writeHead(307, { location }).end()
        const headers = { 'content-type': 'application/json', 'x-amz-executed-version': farFunction.version }
        return response.writeHead(200, headers).end('{"statusCode":200,"body":"done"}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-attack-'))
    closing(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'sallyport.yaml'), manifestFor(engine))
    const { port } = server.address() as AddressInfo // it listens on an address, not on a pipe
    const app = await startApp({
      folder,
      port: 0,
      issuerPort: 0,
      environment: { FAR: `http://127.0.0.1:${port}` },
      write: () => undefined,
      closing,
    })
    if (engine === 'lambda')
      for (const name of ['aws-access-key-id', 'aws-secret-access-key']) await setSecret(folder, name)
    const token = tokens()
    const { text: keys } = await send(app, { path: '/.well-known/sallyport/tickets' })
    return await use({
      interrupted,
      app,
      canaries,
      taken,
      keys,
      redirectTo: (url) => (redirect = url),
      call: async (user, body) => send(app, { path: '/do', body, token: await token(app, user) }),
    })
  })
}

function ticketIn({ headers }: IncomingMessage, engine: FarEngine): string | undefined {
  if (engine === 'http') return headers['sallyport-ticket']?.toString()
  const context = Buffer.from(headers['x-amz-client-context']?.toString() ?? '', 'base64').toString('utf8')
  return /"sallyport-ticket":"([^"]+)"/.exec(context)?.[1]
}

async function setSecret(folder: string, name: string): Promise<void> {
  const { exitCode, stderr } = await command(['secret', 'set', name, '--as', 'ada', '--app', folder], 'AKIAFARFARFAR')
  if (exitCode !== 0) throw new SallyportError('attack.secret', `sallyport secret set ${name} failed: ${stderr}`)
}
