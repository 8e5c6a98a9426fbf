import { lstatSync } from 'node:fs'
import { createServer } from 'node:net'

import { commandLine, rootCommandLine, SallyportError } from '@sallyport/core/access'
import type { Surroundings } from '@sallyport/manifest'

import { loadWithGuests } from '../load-app.ts'
import { localApi, type Status, statusOf } from '../local-api.ts'
import { stateFolder } from '../terminal.ts'
import { type Finding, finding } from './finding.ts'

/** What `up` is to listen on: the usual ports unless told otherwise, as `up` itself takes them; 0 is any. */
interface Ports {
  readonly port?: number
  readonly issuerPort?: number
}

/** Whether the app in `folder` could be served here: its manifest, its state folder, the ports. */
export async function examineApp(
  folder: string,
  surroundings: Surroundings,
  { port = 8443, issuerPort = 8444 }: Ports,
): Promise<readonly Finding[]> {
  return [await manifest(folder, surroundings), state(folder), await ports(folder, [port, issuerPort])]
}

async function manifest(folder: string, surroundings: Surroundings): Promise<Finding> {
  const loaded = await loadWithGuests(folder, surroundings, () => undefined).catch((error: unknown) => {
    if (error instanceof SallyportError) return error
    throw error
  })
  const fix = commandLine('sallyport', 'test', '--app', folder)
  if (loaded instanceof SallyportError) return finding('manifest', false, loaded.message, fix)
  const detail = loaded.ok
    ? `${loaded.app.name}: it loads, and its own statements hold`
    : `${loaded.faults.length} faults, the first ${loaded.faults[0]?.code ?? 'unknown'}`
  return finding('manifest', loaded.ok, detail, fix)
}

/** Secrets, keys and the ledger stand there: the server takes it from nobody else, and so do we. */
function state(folder: string): Finding {
  const name = 'state folder'
  const path = stateFolder(folder)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return { name, ok: true, detail: `${path} is made by the first up` }
  const self = process.getuid?.() ?? found.uid
  const owned = found.uid === self || (self === 0 && isServerUid(found.uid))
  if (!owned || !found.isDirectory()) {
    const fix = rootCommandLine(self, 'chown', '-R', String(self), path)
    return finding(name, false, `${path} is not a folder of this user`, fix)
  }
  const open = (found.mode & 0o077) !== 0
  const whose = found.uid === self ? "this user's" : `the server's (uid ${found.uid})`
  const detail = open ? `${path} is open to other users` : `${path} is ${whose} alone`
  return finding(name, !open, detail, commandLine('chmod', '700', path))
}

/** Started by root, a server gives root up for one of these uids; see `chooseBlock` in the server. */
function isServerUid(uid: number): boolean {
  return uid >= 1_900_000_000 && uid < 2_100_000_000 && uid % 1_000 === 0
}

async function ports(folder: string, wanted: readonly number[]): Promise<Finding> {
  const name = 'ports'
  const own = await ownPorts(folder)
  const taken: number[] = []
  for (const port of wanted) if (!own.includes(port) && !(await isFree(port))) taken.push(port)
  if (taken.length === 0) {
    const whose = own.length === 0 ? 'free' : "free, or this app's own server's"
    const named = wanted.filter((port) => port !== 0)
    const detail =
      named.length === 0 ? 'any two will do' : `${named.join(' and ')} ${named.length === 1 ? 'is' : 'are'} ${whose}`
    return { name, ok: true, detail }
  }
  const fix = commandLine('sallyport', 'up', folder, '--port', '0', '--issuer-port', '0')
  return finding(name, false, `taken by another program: ${taken.join(' and ')}`, fix)
}

async function ownPorts(folder: string): Promise<readonly number[]> {
  // Nobody answers: then no port is ours, whatever the reason.
  const status: Status | undefined = await statusOf(localApi(folder)).catch(() => undefined)
  return status === undefined ? [] : [status.gateway, status.issuer].map((url) => Number(new URL(url).port))
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
