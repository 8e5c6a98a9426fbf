import type { Position } from '../position.ts'
import type { Faults } from '../source/faults.ts'

/** What the loader needs from outside. Nothing here runs code. */
export interface Surroundings {
  /** The text of a file, UTF-8, or undefined when there is none. */
  readonly readFile: (path: string) => string | undefined
  /** The bytes of a file, or undefined when there is none. */
  readonly readBytes: (path: string) => Uint8Array | undefined
  /** The path with every symbolic link followed, or undefined when nothing is there. */
  readonly realpath: (path: string) => string | undefined
  /** Lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string
  /** For `${NAME:-default}` in `upstream` and `endpoint`. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A file that the manifest names. `digest` is the SHA-256 of its bytes in hex: what was loaded can be told later. */
export interface NamedFile {
  /** As the manifest writes it. */
  readonly name: string
  /** Absolute, symbolic links followed. */
  readonly path: string
  readonly text: string
  readonly digest: string
}

/** A file that is no text. */
export interface BinaryFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly digest: string
}

/** Files of one app, each read once; every path is checked to lie inside the app folder. */
export interface AppFiles {
  readonly folder: string
  /** The absolute path of something that must exist; undefined after a fault. */
  locate(name: string, at: Position, faults: Faults): string | undefined
  read(name: string, at: Position, faults: Faults): NamedFile | undefined
  /** Whether something stands at this absolute path. */
  holds(path: string): boolean
  /** The same for a file that is no text. */
  readBytes(name: string, at: Position, faults: Faults): BinaryFile | undefined
  /** Every file read so far. */
  all(): readonly Pick<NamedFile, 'name' | 'digest'>[]
}

/** Where a server keeps its keys, in the folder of its app; of an app inside this one too. */
const stateFolder = '.sallyport'

/**
 * Adversary: a manifest proposed by somebody who would like the server to read `/etc/shadow`, another app's schema, or
 * the server's own keys, of which a fault would quote the beginning. The path is compared after links are followed, and
 * it is that path that is read.
 */
export function openAppFiles(folder: string, surroundings: Surroundings): AppFiles {
  const home = surroundings.realpath(folder) ?? folder
  const files = new Map<string, NamedFile>()
  const binaries = new Map<string, BinaryFile>()
  const unreadable = (name: string, at: Position, faults: Faults): undefined => {
    faults.add('manifest.file_missing', at, `"${name}" cannot be read.`, `put a file there that you may read`)
    return undefined
  }
  const locate: AppFiles['locate'] = (name, at, faults) => {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.')
    if (name.startsWith('/') || /^[A-Za-z]:/.test(name) || name.includes('\\') || parts.includes('..')) {
      faults.add('manifest.outside_folder', at, `"${name}" leads out of the app folder.`, 'name a file inside it')
      return undefined
    }
    const path = surroundings.realpath(`${home}/${parts.join('/')}`)
    if (path === undefined) {
      faults.add('manifest.file_missing', at, `There is no file "${name}".`, `create ${name}`)
      return undefined
    }
    if (!path.startsWith(home.endsWith('/') ? home : `${home}/`)) {
      faults.add(
        'manifest.outside_folder',
        at,
        `"${name}" is a link that leads out of the app folder.`,
        'copy the file into the folder',
      )
      return undefined
    }
    if (path.slice(home.length).split('/').includes(stateFolder)) {
      faults.add('manifest.outside_folder', at, `"${name}" is in a folder where a server keeps its keys.`)
      return undefined
    }
    return path
  }
  return {
    folder: home,
    locate,
    holds: (path) => surroundings.realpath(path) !== undefined,
    read: (name, at, faults) => {
      const known = files.get(name)
      if (known !== undefined) return known
      const path = locate(name, at, faults)
      if (path === undefined) return undefined
      const text = surroundings.readFile(path)
      if (text === undefined) return unreadable(name, at, faults)
      const file = { name, path, text, digest: surroundings.sha256(new TextEncoder().encode(text)) }
      files.set(name, file)
      return file
    },
    readBytes: (name, at, faults) => {
      const known = binaries.get(name)
      if (known !== undefined) return known
      const path = locate(name, at, faults)
      if (path === undefined) return undefined
      const bytes = surroundings.readBytes(path)
      if (bytes === undefined) return unreadable(name, at, faults)
      const file = { name, bytes, digest: surroundings.sha256(bytes) }
      binaries.set(name, file)
      return file
    },
    all: () => [...files.values(), ...binaries.values()],
  }
}
