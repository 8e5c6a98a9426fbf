import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'
import { type Guests, openGuests } from '@sallyport/guests'
import {
  type App,
  checkApp,
  type CompiledApp,
  type Fault,
  loadManifest,
  manifestFile,
  readPlainFile,
  showPosition,
  type Surroundings,
} from '@sallyport/manifest'

/** A manifest that loaded, compiled and held its own statements. */
export interface LoadedManifest {
  readonly app: App
  readonly compiled: CompiledApp
  /** Whoever loads it closes them. */
  readonly guests: Guests
}

/**
 * Loads `FOLDER/sallyport.yaml` and starts its guests, for its worked examples are run in their presence. Throws
 * `manifest.missing`, `manifest.unreadable`, `guest.unloadable`, and `manifest.faulty` with every fault at once, each
 * with its place.
 */
export async function loadManifestOf(
  folder: string,
  environment: Surroundings['environment'],
  tell: (line: string) => void,
): Promise<LoadedManifest> {
  if (!existsSync(join(folder, manifestFile))) {
    throw new SallyportError('manifest.missing', `There is no ${manifestFile} in ${folder}.`, {
      fix: commandLine('sallyport', 'init', folder),
    })
  }
  const read = loadManifest(folder, {
    readFile: (path) => ifPresent(path, () => readPlainFile(path).toString('utf8')),
    readBytes: (path) => ifPresent(path, () => readPlainFile(path)),
    realpath: (path) => ifPresent(path, () => realpathSync(path)),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    environment,
  })
  if (!read.ok) throw faulty(read.faults)
  const guests = await openGuests(read.app.guests ?? [], tell)
  const loaded = await checkApp(read.app, guests.suppose)
  if (loaded.ok) return { ...loaded, guests }
  await guests.close()
  throw faulty(loaded.faults)
}

function faulty(found: readonly Fault[]): SallyportError {
  const faults = found.map((fault) => {
    const suggestion = fault.suggestion === undefined ? '' : `\n    try: ${fault.suggestion}`
    return `  ${showPosition(fault)} ${fault.code}: ${fault.message}${suggestion}`
  })
  return new SallyportError('manifest.faulty', `sallyport.yaml was not put into force:\n${faults.join('\n')}`)
}

/** Undefined for a file that is not there; any other failure is told. */
function ifPresent<T>(path: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    // One that gave up root names what would let it read; see `explainUnreadable`, which knows the cause alone.
    if (code === 'EACCES' || cause instanceof SallyportError) throw cause
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SallyportError('manifest.unreadable', `${path} cannot be read.`, { cause })
  }
}
