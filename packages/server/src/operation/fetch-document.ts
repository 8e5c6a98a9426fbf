import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'

import { SallyportError, type Secret } from '@sallyport/core/access'
import { type FetchDocument, type FetchRules, reachOf } from '@sallyport/core/identity'

const maxDocumentBytes = 256 * 1024

/**
 * Gets an issuer's document. Goes nowhere but to the address given: no redirect is followed, no proxy asked, no
 * connection kept; the address that was checked is the one that is connected to (DNS rebinding).
 */
export const fetchDocument: FetchDocument = (address, rules) => exchange(address, rules)

/** What is posted, and the credential that is shown with it. */
export interface Posting extends FetchRules {
  /** JSON. */
  readonly body: string
  readonly bearer?: Secret<string>
}

/** Posts a JSON document and gives back the answer's, by the same rules. */
export function postDocument(address: URL, posting: Posting): Promise<Uint8Array> {
  return exchange(address, posting)
}

function exchange(address: URL, rules: FetchRules & Partial<Posting>): Promise<Uint8Array> {
  const { signal, loopback, body, bearer } = rules
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      const refused = cause instanceof SallyportError ? cause : undefined
      reject(refused ?? new SallyportError('issuer.keys_unusable', `${address.href} ${why}.`, { cause }))
      request.destroy()
    }
    const send = address.protocol === 'https:' ? requestSecure : requestPlain
    const request = send(address, {
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      signal,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
      },
      lookup: checkedLookup(loopback),
    })
    request.on('response', (response: IncomingMessage) => {
      if (response.statusCode !== 200) return fail(`answered with status ${response.statusCode}`)
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxDocumentBytes) return fail(`sent more than ${maxDocumentBytes} bytes`)
        chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks)))
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
