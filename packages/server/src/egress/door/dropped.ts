import type { Door, DoorOperation } from '@sallyport/manifest'

import type { Head } from '../listen/head.ts'
import { forwardedHeaders } from '../listen/headers.ts'

/** What belongs to a connection, or is made anew for the next one, and what browsers' `fetch` says of itself. */
const nobodyMisses = /^(?:host|content-length|accept-encoding|expect|connection|sec-.*|priority|dnt|x-sallyport-.*)$/

/** Names of headers that a door does not let through, and that are neither credentials nor of the connection. */
export function droppedHeaders(head: Head, door: Door, operation: DoorOperation): readonly string[] {
  const { headers, stripped } = forwardedHeaders(head, { ...door, accept: [...head.headers.keys()] }, operation, '')
  // With every header on the list, what is left behind still is what no list can let through.
  const possible = new Set(headers.map(([name]) => name))
  const passing = new Set(forwardedHeaders(head, door, operation, '').headers.map(([name]) => name))
  return [...head.headers.keys()].filter(
    (name) => possible.has(name) && !passing.has(name) && !stripped.includes(name) && !nobodyMisses.test(name),
  )
}
