import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Canaries } from './canaries.ts'
import type { Canary } from '../hostile-app/src/probes.ts'

/** What probes are told of the host; `file` is made there. */
export async function canaryFor(canaries: Canaries, folder: string): Promise<Canary> {
  const word = `canary-${randomBytes(8).toString('hex')}`
  const file = join(folder, 'canary.txt')
  await writeFile(file, `${word}\n`, { mode: 0o644 })
  const host = '127.0.0.1'
  return {
    tcp: { host, port: canaries.tcpPort },
    udp: { host, port: canaries.udpPort },
    http: canaries.httpUrl,
    https: canaries.httpsUrl,
    dns: canaries.dnsServer,
    file,
    word,
    pid: process.pid,
  }
}
