import { finished, type Readable } from 'node:stream'

import { actions, arn, type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import type { Outcome, Passed } from '@sallyport/core/enforcement'
import { type App, type Door, type DoorOperation, matchDoor, setSecretFix, unlistedDoorArn } from '@sallyport/manifest'

import type { Invocation } from '../host/index.ts'
import type { Box } from './box.ts'
import { flow } from './flow.ts'
import type { Exit } from './exit.ts'
import { endedSince } from './gate.ts'
import { doorReason, type Head } from './head.ts'
import { forwardedHeaders, returnedHeaders } from './headers.ts'
import { redact, redactor, secretPatterns } from './redact.ts'
import { type ExitResponse, plainRefusal, refusalResponse } from './refusal.ts'
import type { EgressRooms } from './rooms.ts'
import type { UpstreamAnswer, Upstreams } from './upstream.ts'

/** A request that a declared door may serve, or the resource and reason of one that none does. */
export type DoorRoute =
  | { readonly kind: 'door'; readonly door: Door; readonly operation: DoorOperation; readonly path: string }
  | { readonly kind: 'refused'; readonly resource: string; readonly reason: Reason }

/** Finds the door by host, and the operation by method and path. The manifest's matcher is the only one there is. */
export function routeToDoor(rooms: EgressRooms, head: Head): DoorRoute {
  const app = rooms.app()
  const url = `${head.scheme}://${head.host}${head.port === undefined ? '' : `:${head.port}`}${head.path}`
  const match = matchDoor(app, url, head.method)
  if (match.kind === 'door') return match
  const what = `${head.method} ${url.slice(0, 500)}`
  return {
    kind: 'refused',
    resource: unlistedDoorArn(app, head.method, url.slice(0, 500), match.door?.name),
    reason:
      match.code === 'door.malformed_url'
        ? doorReason('door.path', `No door can decide about ${what}.`)
        : doorReason('door.unlisted', `No door operation answers ${what}.`),
  }
}

/** The exit for a routed request with its whole body. */
export function doorExit(
  rooms: EgressRooms,
  upstreams: Upstreams,
  box: Box,
  invocation: Invocation,
  signal: AbortSignal,
  route: DoorRoute & { kind: 'door' },
  head: Head,
  body: Uint8Array,
): Exit<ExitResponse> {
  const { door, operation } = route
  const { headers, stripped } = forwardedHeaders(head.headers, door)
  const note = stripped.length === 0 ? undefined : `the caller's own ${stripped.join(', ')} was left behind`
  const secretNames = [...new Set(Object.values(door.add).flatMap((template) => namesIn(template)))]
  const reads = (head.method === 'GET' || head.method === 'HEAD') && secretNames.length === 0
  const exit = { box, invocation }
  return {
    ...exit,
    asks: [{ action: actions.useDoor, resource: arn.door(rooms.app().name, door.name, operation.name) }],
    durability: reads ? 'written' : 'synced',
    upstream: { host: new URL(door.upstream).host, tls: door.upstream.startsWith('https:') ? '>=TLSv1.2' : 'none' },
    lack: async () => {
      for (const name of secretNames) if ((await rooms.useSecret(name)) === undefined) return missing(rooms.app(), name)
      return undefined
    },
    refuse: refusalResponse,
    pass: async (grant) => {
      const secrets = await takeSecrets(rooms, secretNames)
      const ended = endedSince(rooms, exit, grant, signal)
      if (ended !== undefined) return local(ended, 'The right to make this request ended.', grant, 'aborted')
      if (typeof secrets === 'string')
        return local('secret.missing', missing(rooms.app(), secrets).message, grant, 'failed')
      const added = Object.entries(door.add).map(([name, template]) => [name, render(template, secrets)] as const)
      if (added.some(([, value]) => !/^[\t\x20-\x7e]*$/.test(value))) {
        return local('secret.unusable', 'The secret cannot stand in a header.', grant, 'failed')
      }
      const patterns = secretPatterns([...secrets.values()])
      try {
        const answer = await upstreams.call({
          pool: `${rooms.app().name} ${door.name} ${box.image.name}`,
          origin: door.upstream.replace(/\/$/, ''),
          privateUpstream: door.privateUpstream,
          method: head.method,
          target: route.path + head.query,
          headers: [...headers, ...added],
          body,
          timeoutMs: door.timeoutMs,
          signal,
        })
        return handBack(answer, patterns, note)
      } catch (error) {
        if (!(error instanceof SallyportError)) throw error
        return local(
          error.code,
          'The upstream did not answer.',
          grant,
          signal.aborted ? 'aborted' : 'failed',
          error.message,
        )
      }
    },
  }
}

/** Streams an upstream's answer back, and says what came of it once its last byte has gone. */
export function handBack(
  answer: UpstreamAnswer,
  patterns: readonly Buffer[],
  note: string | undefined,
): Passed<ExitResponse> {
  const body: Readable = patterns.length === 0 ? answer.body : flow(answer.body, redactor(patterns))
  const headers = returnedHeaders(answer.headers).map(
    ([name, value]) => [name, redact(Buffer.from(value, 'latin1'), patterns).toString('latin1')] as const,
  )
  const word = answer.status < 400 ? 'done' : answer.status < 500 ? 'refused-upstream' : 'failed'
  const outcome = new Promise<Outcome>((resolve) => {
    finished(body, { writable: false }, (error) => {
      const known = { status: answer.status, tls: answer.tls, ...(note === undefined ? {} : { detail: note }) }
      resolve(error ? { ...known, outcome: 'aborted' } : { ...known, outcome: word })
    })
  })
  return { response: { status: answer.status, headers, body }, outcome }
}

/** An answer of our own to a request that was allowed and still did not reach its upstream. */
export function local(
  code: string,
  reason: string,
  grant: Grant,
  outcome: 'aborted' | 'failed',
  detail = '',
): Passed<ExitResponse> {
  return {
    response: plainRefusal(code, reason, grant.decision.id),
    outcome: Promise.resolve({ outcome, detail: detail === '' ? code : `${code}: ${detail}` }),
  }
}

function missing(app: App, name: string): Reason {
  return doorReason('secret.missing', `The secret ${name} has not been set.`, setSecretFix(app, name).fix)
}

function namesIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name)
}

function render(template: string, secrets: ReadonlyMap<string, string>): string {
  return template.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => secrets.get(name) ?? '')
}

/** The secrets by name, or the name of the first that is missing. */
async function takeSecrets(
  rooms: EgressRooms,
  names: readonly string[],
): Promise<ReadonlyMap<string, string> | string> {
  const secrets = new Map<string, string>()
  for (const name of names) {
    const secret = await rooms.useSecret(name)
    if (secret === undefined) return name
    secrets.set(name, secret.reveal())
  }
  return secrets
}
