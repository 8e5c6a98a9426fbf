import { spawn } from 'node:child_process'
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { mintTicket } from '@sallyport/core/identity'

import type { Attempt } from './attack.ts'

const audience = 'arn:sallyport:function:hostile:restricted:payments'
const codeDigest = 'c0'.repeat(32)

/** One event that the runtime in a box is handed, with the ticket that comes along. */
interface Handed {
  readonly id: string
  readonly event: string
  readonly ticket: string
}

/** What the runtime made of one event: it ran the function, or it refused with these words. */
type Reported = { readonly kind: 'response' } | { readonly kind: 'error'; readonly message: string }

/** Hands the box's runtime one ticket twice. Adversary: who holds the box's port, but not its key. */
export async function replayTicket(): Promise<Attempt & { readonly first: Reported['kind'] | 'nothing' }> {
  const key = randomBytes(32)
  const event = '{}'
  const one = { id: randomUUID(), event, ticket: '' }
  const handed = { ...one, ticket: ticketFor(key, one.id, event) }
  const [first, second] = await handOver(key, [handed, handed])
  return { ...attemptOf(second), first: first?.kind ?? 'nothing' }
}

/** Hands the box's runtime a genuine ticket, with another event when `tampered`. */
export async function tamperBody(tampered: boolean): Promise<Attempt> {
  const key = randomBytes(32)
  const id = randomUUID()
  const ticket = ticketFor(key, id, '{"amount":1}')
  const [reported] = await handOver(key, [{ id, event: tampered ? '{"amount":1000000}' : '{"amount":1}', ticket }])
  return attemptOf(reported)
}

function attemptOf(reported: Reported | undefined): Attempt {
  if (reported === undefined) return { stopped: false, code: 'none', evidence: 'the runtime reported nothing' }
  if (reported.kind === 'response') return { stopped: false, code: 'ran', evidence: 'the function ran' }
  const code = /ticket\.[a-z_]+/.exec(reported.message)?.[0] ?? reported.message.slice(0, 60)
  return { stopped: true, code, evidence: 'the runtime refused it and the function did not run' }
}

function ticketFor(key: Buffer, attempt: string, event: string): string {
  const issuedAtSeconds = Math.floor(Date.now() / 1000)
  return mintTicket((text) => createHmac('sha256', key).update(text, 'latin1').digest(), {
    audience,
    codeDigest,
    bodySha256: createHash('sha256').update(event).digest('hex'),
    actors: [],
    transaction: randomBytes(16).toString('hex'),
    attempt,
    decision: randomBytes(16).toString('hex'),
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + 30,
  })
}

/** Runs the real runtime of a box, with a host of our own in front of it, and gives what it reported for each event. */
async function handOver(key: Buffer, handed: readonly Handed[]): Promise<readonly Reported[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-ticket-'))
  await writeFile(join(folder, 'index.mjs'), 'export const handler = async () => ({ ran: true })')
  const waiting = [...handed]
  const reported: Reported[] = []
  let done = (): void => undefined
  const finished = new Promise<void>((resolve) => (done = resolve))
  const host = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      if (request.method === 'GET') {
        const next = waiting.shift()
        if (next === undefined) return done()
        response.writeHead(200, {
          'content-length': Buffer.byteLength(next.event),
          'lambda-runtime-aws-request-id': next.id,
          'lambda-runtime-deadline-ms': `${Date.now() + 5_000}`,
          'lambda-runtime-invoked-function-arn': audience,
          'lambda-runtime-sallyport-ticket': next.ticket,
        })
        return response.end(next.event)
      }
      reported.push(
        request.url?.endsWith('/response') === true ? { kind: 'response' } : { kind: 'error', message: body },
      )
      response.writeHead(202, { 'content-length': 0 }).end()
    })
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  const server = dirname(fileURLToPath(import.meta.resolve('@sallyport/server')))
  const runtime = spawn(process.execPath, [join(server, 'host/inside/client.mjs')], {
    env: {
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(host.address() as AddressInfo).port}`,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'index.handler',
    },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  runtime.stdin.end(JSON.stringify({ key: key.toString('base64url'), audience, codeDigest }))
  const ended = new Promise<void>((resolve) => runtime.once('exit', () => resolve()))
  const late = setTimeout(() => runtime.kill('SIGKILL'), 10_000)
  await Promise.race([finished, ended])
  clearTimeout(late)
  runtime.kill('SIGKILL')
  await ended
  host.closeAllConnections()
  await new Promise((resolve) => host.close(resolve))
  await rm(folder, { recursive: true, force: true })
  return reported
}
