import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { SallyportError } from '@sallyport/core/access'

import { mayConnect } from './address.ts'

/**
 * Resolves once, checks every address, and gives the connection the one that was checked: a name cannot answer
 * with a public address to the check and with a private one to the connection (DNS rebinding).
 */
export function pinnedLookup(privateUpstream: boolean, plain = false): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || first === undefined) return done(error ?? new Error('no address'), '', 4)
      const bad = addresses.find(({ address }) => !mayConnect(address, privateUpstream, plain))
      if (bad) return done(forbidden(bad.address), '', 4)
      if (options.all === true) done(null, [first])
      else done(null, first.address, first.family)
    })
  }
}

/** A literal address asks no resolver, so the lookup above would never see it: the same check for `host` itself. */
export function forbiddenLiteral(host: string, privateUpstream: boolean, plain = false): SallyportError | undefined {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIP(bare) !== 0 && !mayConnect(bare, privateUpstream, plain) ? forbidden(bare) : undefined
}

function forbidden(address: string): SallyportError {
  return new SallyportError('upstream.forbidden_address', `the upstream is at ${address}, which no door may reach`)
}
