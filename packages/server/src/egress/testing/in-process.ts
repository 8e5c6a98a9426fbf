import { type Duplex, duplexPair } from 'node:stream'

import { type DoorListeners, serveParser } from '../../parser/index.ts'

/** The code that runs in a parser's process, and its frames, without the process. */
export function inProcess(listeners: DoorListeners): Duplex {
  const [ours, theirs] = duplexPair()
  serveParser(theirs, listeners, () => undefined)
  return ours
}
