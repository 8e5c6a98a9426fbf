import type { Position } from '../../position.ts'
import type { Reading } from '../reading.ts'

/** Headers that frame a message or name its receiver: a door that set them could send one request as another. */
const framingHeaders = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-connection',
  'proxy-authorization',
]

/** Reports a header that belongs to the door itself. */
export function refuseFraming(header: string, at: Position, path: string, { faults }: Reading): void {
  if (!framingHeaders.includes(header.toLowerCase())) return
  faults.add('manifest.unsupported', at, `${path}: "${header}" frames the message and belongs to the door itself.`)
}
