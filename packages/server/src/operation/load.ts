import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'
import { type App, type CompiledApp, loadApp, manifestFile, showPosition, type Surroundings } from '@sallyport/manifest'

/** A manifest that loaded, compiled and held its own statements. */
export interface LoadedManifest {
  readonly app: App
  readonly compiled: CompiledApp
}

/**
 * Loads `FOLDER/sallyport.yaml`. Throws `manifest.missing`, and `manifest.faulty` with every fault at once, each with
 * its place.
 */
export function loadManifestOf(folder: string, environment: Surroundings['environment']): LoadedManifest {
  if (!existsSync(join(folder, manifestFile))) {
    throw new SallyportError('manifest.missing', `There is no ${manifestFile} in ${folder}.`, {
      fix: commandLine('sallyport', 'init', folder),
    })
  }
  const loaded = loadApp(folder, {
    readFile: (path) => ifPresent(() => readFileSync(path, 'utf8')),
    realpath: (path) => ifPresent(() => realpathSync(path)),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    environment,
  })
  if (loaded.ok) return loaded
  const faults = loaded.faults.map((fault) => {
    const suggestion = fault.suggestion === undefined ? '' : `\n    try: ${fault.suggestion}`
    return `  ${showPosition(fault)} ${fault.code}: ${fault.message}${suggestion}`
  })
  throw new SallyportError('manifest.faulty', `sallyport.yaml was not put into force:\n${faults.join('\n')}`)
}

/** Undefined for a file that is not there; any other failure is told. */
function ifPresent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw cause
  }
}
