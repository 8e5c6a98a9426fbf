import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'

import { SallyportError, type Secret } from '@sallyport/core/access'
import { type FetchDocument, type FetchRules, parseKeyAddress, reachOf } from '@sallyport/core/identity'

const maxDocumentBytes = 256 * 1024

/**
 * Gets an issuer's document. Goes nowhere but to the address given: no redirect is followed, no proxy asked, no
 * connection kept; the address that was checked is the one that is connected to (DNS rebinding).
 */
export const fetchDocument: FetchDocument = async (address, rules) =>
  documentOf(address, await exchange(address, { ...rules, method: 'GET', headers: { accept: 'application/json' } }))

/** What is posted, and the credential that is shown with it. */
export interface Posting extends FetchRules {
  /** JSON. */
  readonly body: string
  readonly bearer?: Secret<string>
}

/** Posts a JSON document and gives back the answer's, by the same rules. */
export async function postDocument(address: URL, { bearer, ...posting }: Posting): Promise<Uint8Array> {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
  }
  return documentOf(address, await exchange(address, { ...posting, method: 'POST', headers }))
}

/**
 * A `fetch` for a library that brings its own requests, by the same rules; an answer's status is for the library to
 * judge, and its headers but for the type are left out. Adversary: a provider whose metadata lead us elsewhere.
 */
export function guardedFetch({
  loopback,
}: Pick<FetchRules, 'loopback'>): (
  address: string,
  request: Omit<Exchange, 'loopback' | 'body'> & { readonly body: string | undefined },
) => Promise<Response> {
  return async (address, { method, headers, body, signal }) => {
    const sent = body === undefined ? {} : { body }
    const url = parseKeyAddress(address, loopback)
    const { status, type, bytes } = await exchange(url, { method, headers, signal, loopback, ...sent })
    if (status < 200 || status > 599) {
      throw new SallyportError('issuer.keys_unusable', `${url.href} answered with status ${status}.`)
    }
    const hasBody = ![204, 205, 304].includes(status)
    return new Response(hasBody ? Buffer.from(bytes) : null, { status, headers: { 'content-type': type } })
  }
}

interface Exchange extends FetchRules {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
}

function documentOf(address: URL, { status, bytes }: Answer): Uint8Array {
  if (status === 200) return bytes
  throw new SallyportError('issuer.keys_unusable', `${address.href} answered with status ${status}.`)
}

function exchange(address: URL, { signal, loopback, method, headers, body }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      const refused = cause instanceof SallyportError ? cause : undefined
      reject(refused ?? new SallyportError('issuer.keys_unusable', `${address.href} ${why}.`, { cause }))
      request.destroy()
    }
    const send = address.protocol === 'https:' ? requestSecure : requestPlain
    const request = send(address, { agent: false, method, signal, headers, lookup: checkedLookup(loopback) })
    request.on('response', (response: IncomingMessage) => {
      const { statusCode = 0, headers: answered } = response
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxDocumentBytes) return fail(`sent more than ${maxDocumentBytes} bytes`)
        chunks.push(chunk)
      })
      const type = answered['content-type'] ?? ''
      response.on('end', () => resolve({ status: statusCode, type, bytes: Buffer.concat(chunks) }))
      response.on('error', (cause) => fail('ended in the middle', cause))
    })
    request.on('error', (cause) => fail('could not be had', cause))
    request.end(body)
  })
}

/** Resolves once, and refuses a name when any of its addresses is none that an issuer may have. */
function checkedLookup(loopback: boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error !== null || first === undefined) return done(error ?? new Error('no address'), '', 4)
      const bad = addresses.find(({ address }) => !mayAsk(address, loopback))
      if (bad !== undefined) {
        const message = `${hostname} is at ${bad.address}, where no issuer's keys are taken from.`
        return done(new SallyportError('issuer.address', message), '', 4)
      }
      if (options.all === true) done(null, [first])
      else done(null, first.address, first.family)
    })
  }
}

/** True for an address that may be asked: a public one, or in development one of this machine's own. */
export function mayAsk(address: string, loopback: boolean): boolean {
  const reach = reachOf(address)
  return reach === 'public' || (loopback && reach === 'loopback')
}
