import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { SallyportError } from '@sallyport/core/access'

import { argumentsOf, type ServerOptions, startCommand } from './arguments.ts'
import { findCgroups } from './cgroups.ts'
import { closedCache } from './compile-cache.ts'
import { delegateGroups } from './delegate.ts'
import { handOverState, letAppBeRead } from './hand-over.ts'
import { listening, listenersVariable, lowListeners, perl, tryListeners } from './listeners.ts'
import { namespaceFix } from './namespace-fix.ts'
import { neededPaths, type Reach, reachOf } from './reach.ts'
import { hasUids } from './rights.ts'
import { runtimeFolderFor } from './runtime-folder.ts'
import { chooseBlock, mappingOf, type Taken, takenIn, type UidBlock } from './uid-block.ts'

/** Where what could not be done is told to the server that is then started as root, and refuses to be one. */
const refusedVariable = 'SALLYPORT_ROOT_REFUSED'

/**
 * Prepares what only root can, and becomes a server without root: the same process and terminal, as a uid of the
 * app's own, in a user namespace that has this uid, those of the app's functions and no others. Throws what stands in
 * the way.
 */
export async function dropRoot(asked: ServerOptions, inherited: NodeJS.ProcessEnv): Promise<never> {
  const refused = inherited[refusedVariable]
  if (refused !== undefined) throw cannotDrop(asked, refused)
  if (process.execve === undefined) throw cannotDrop(asked, 'this Node cannot become another program')
  // Without a manifest nothing is made: the server says so, and ends.
  const isApp = existsSync(join(asked.folder, 'sallyport.yaml'))
  const options = isApp ? { ...asked, folder: realpathSync(asked.folder) } : asked
  const state = join(options.folder, '.sallyport')
  const block = blockFor(options, state)
  if (!hasUids(block)) {
    const message = `This root has no uid ${block.server} and those after it: map them, or start as an ordinary user.`
    throw new SallyportError('server.root_kept', message)
  }
  const reach = isApp ? reachOf(neededPaths(options.folder, filesOf(options))) : { covers: [], shown: [] }
  const environment: NodeJS.ProcessEnv = { ...inherited }
  delete environment['NODE_COMPILE_CACHE'] // root's own
  delete environment['NODE_CHANNEL_FD'] // of whoever forked us: no descriptor is passed on
  if (isApp) {
    handOverState(state, block.server)
    letAppBeRead(options.folder, block.server)
    const own = join(ownFolder(runtimeFolderFor(state), block.server), 'compiled')
    environment['NODE_COMPILE_CACHE'] = closedCache(inherited['NODE_COMPILE_CACHE']) ?? own
  }
  const groups = findCgroups()
  if (groups !== undefined) delegateGroups(groups, block, process.pid)
  const server = [realpathSync(process.execPath), ...process.execArgv, process.argv[1] ?? '', ...argumentsOf(options)]
  const listeners = lowListeners(options)
  const missing = ['/bin/bash', '/usr/bin/unshare', '/usr/bin/nsenter', ...(listeners.length > 0 ? [perl] : [])].find(
    (program) => !existsSync(program),
  )
  if (missing !== undefined) throw cannotDrop(options, `there is no ${missing}`)
  await tryListeners(listeners, options)
  environment[listenersVariable] = listeners.map(({ host, port }) => `${host} ${port}`).join('\n')
  const [program, ...argv] = listening(listeners, commandWithoutRoot(block, reach, server, listeners.length))
  return process.execve(program, [program, ...argv], environment)
}

/** Whether root can be given up here, tried on a program that does nothing; why not, where it cannot. */
export function tryDropping(): { readonly why?: string } {
  const block = chooseBlock({ stateFolder: '' }, takenHere())
  const told = `[ -z "$${refusedVariable}" ] || { echo "$${refusedVariable}" >&2; exit 1; }`
  const [program, ...argv] = commandWithoutRoot(block, { covers: [], shown: [] }, ['/bin/sh', '-c', told])
  const { status, stderr, error } = spawnSync(program, argv, { cwd: '/', env: {}, encoding: 'utf8', timeout: 10_000 })
  return status === 0 ? {} : { why: (error?.message ?? stderr).trim() }
}

function blockFor({ uids }: ServerOptions, state: string): UidBlock {
  const owner = lstatSync(state, { throwIfNoEntry: false })?.uid
  const wishes = { stateFolder: state, ...(uids === undefined ? {} : { asked: uids }) }
  return chooseBlock(owner === undefined ? wishes : { ...wishes, owner }, takenHere())
}

function takenHere(): Taken {
  const read = (name: string): string => {
    try {
      return readFileSync(join('/etc', name), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '' // nobody was given any
      throw error
    }
  }
  return takenIn(`${read('passwd')}\n${read('group')}`, `${read('subuid')}\n${read('subgid')}`)
}

/** Files outside of the app that flags name. */
function filesOf({ outside }: ServerOptions): readonly string[] {
  if (outside === undefined) return []
  const { certificate } = outside
  if (certificate.kind === 'files') return [certificate.certificate, certificate.key]
  return certificate.caFile === undefined ? [] : [certificate.caFile]
}

/** A folder of the server's own in one of root's: a cache, so whatever else stands there is made anew. */
function ownFolder(path: string, uid: number): string {
  const around = dirname(path)
  mkdirSync(around, { recursive: true, mode: 0o711 })
  const { uid: owner, mode } = lstatSync(around)
  if (owner !== 0 || (mode & 0o022) !== 0) {
    throw new SallyportError('host.runtime_folder', `${around} belongs to, or may be written by, another user`)
  }
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory() === true && found.uid === uid) return path
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  chmodSync(path, 0o711)
  chownSync(path, uid, uid)
  return path
}

/** Undefined where the kernel has no such switch. */
function kernelSwitch(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

function cannotDrop(options: ServerOptions, why: string): SallyportError {
  // Without user namespaces there are no boxes either: to keep root would win nothing.
  const fix = namespaceFix(kernelSwitch) ?? startCommand(options, { keepRoot: true })
  return new SallyportError('server.root_kept', `The server would keep root: ${why}.`, { fix })
}

const script = fileURLToPath(new URL('../../src/start/become-server.sh', import.meta.url))

/** What root becomes, so that `command` runs without root and with these uids alone. */
export function commandWithoutRoot(
  block: UidBlock,
  { covers, shown }: Reach,
  command: readonly string[],
  /** How many descriptors after the first three it is to keep. */
  kept = 0,
): readonly [program: string, ...argv: string[]] {
  const argv = [
    '--norc',
    '--noprofile',
    script,
    mappingOf(block),
    String(kept),
    ...covers,
    '--',
    ...shown,
    '--',
    ...command,
  ]
  if (covers.length === 0) return ['/bin/bash', ...argv]
  return ['/usr/bin/unshare', '--mount', '--propagation', 'private', '--', '/bin/bash', ...argv]
}
