import { finished, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'

import { type Grant, SallyportError } from '@sallyport/core/access'
import type { Outcome, Passed } from '@sallyport/core/enforcement'
import type { Returns } from '@sallyport/manifest'

import { returnedHeaders } from '../listen/headers.ts'
import { flow } from '../../parser/index.ts'
import type { Life } from '../life.ts'
import { redact, redactFields, redactor } from './redact.ts'
import { type ExitResponse, plainRefusal } from '../refusal.ts'
import { pickFields, wholeAnswer } from './returned.ts'
import type { UpstreamAnswer } from '../upstream/upstream-call.ts'

/** What an answer goes through on its way back. */
export interface WayBack {
  readonly life: Life
  /** From `secretPatterns`. */
  readonly patterns: readonly string[]
  readonly returns?: Returns | undefined
  /** Of an answer that must be read whole. */
  readonly maxBytes: number
  /** Takes so many bytes of what the box may hold with us while they are read whole; negative gives back. */
  readonly reserve: (bytes: number) => boolean
  /** For the outcome, besides what is known of the answer. */
  readonly note?: string | undefined
}

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** Hands an upstream's answer back, and says what came of it once its last byte has gone. */
export async function handBack(given: UpstreamAnswer, way: WayBack): Promise<Passed<ExitResponse>> {
  const { life, patterns, returns, note } = way
  const answer = patterns.length > 0 || returns?.fields !== undefined ? decoded(given) : given
  const returned = (pairs: UpstreamAnswer['headers']): ExitResponse['headers'] =>
    redactFields(returnedHeaders(pairs, returns?.headers), patterns)
  const headers = returned(answer.headers)
  const trailers = (): ExitResponse['headers'] => returned(answer.trailers())
  const known = { status: answer.status, tls: answer.tls, ...(note === undefined ? {} : { detail: note }) }
  const word = answer.status < 400 ? 'done' : answer.status < 500 ? 'refused-upstream' : 'failed'

  const fields = returns?.fields
  if (fields !== undefined) {
    const whole = redact(await wholeAnswer(answer.body, way, (all) => pickFields(all, fields)), patterns)
    return {
      response: { status: answer.status, headers: withLength(headers, whole.length), body: whole, trailers },
      outcome: Promise.resolve({ ...known, outcome: word }),
    }
  }
  if (answer.body instanceof Uint8Array) {
    return {
      response: { status: answer.status, headers, body: redact(viewOf(answer.body), patterns), trailers },
      outcome: Promise.resolve({ ...known, outcome: word }),
    }
  }
  const body: Readable = patterns.length === 0 ? answer.body : flow(answer.body, redactor(patterns))
  const outcome = new Promise<Outcome>((resolve) => {
    finished(body, { writable: false }, (error) => {
      const detail = [life.endedBy() ?? [], note ?? []].flat().join('; ')
      const told = { ...known, ...(detail === '' ? {} : { detail }) }
      resolve(error ? { ...told, outcome: 'aborted' } : { ...told, outcome: word })
    })
  })
  return { response: { status: answer.status, headers, body, trailers }, outcome }
}

/** The same bytes, not a copy of them. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A secret can only be looked for in an answer that can be read: one that comes compressed all the same is opened. */
function decoded(answer: UpstreamAnswer): UpstreamAnswer {
  const coding = answer.headers.find(([name]) => name === 'content-encoding')?.[1].toLowerCase() ?? 'identity'
  const empty = answer.body instanceof Uint8Array && answer.body.length === 0
  if (coding === 'identity' || empty) return answer
  const decoder = decoders[coding]
  if (decoder === undefined) {
    if (!(answer.body instanceof Uint8Array)) answer.body.destroy()
    throw new SallyportError('upstream.coding', `the answer comes in the coding ${coding.slice(0, 40)}`)
  }
  const opened = decoder()
  if (answer.body instanceof Uint8Array) opened.end(answer.body)
  else flow(answer.body, opened)
  const changed = new Set(['content-encoding', 'content-length', 'etag'])
  return { ...answer, body: opened, headers: answer.headers.filter(([name]) => !changed.has(name)) }
}

function withLength(headers: ExitResponse['headers'], length: number): ExitResponse['headers'] {
  const changed = new Set(['content-length', 'etag', 'content-md5', 'digest', 'content-digest', 'repr-digest'])
  return [...headers.filter(([name]) => !changed.has(name)), ['content-length', String(length)]]
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
