import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'

import { type BoundToken, type HolderKey, makeHolderKey } from '../bound/index.ts'
import { isRecord } from '../local-api.ts'

/** A person's sign-in on this machine, at one issuer. Secret. */
export interface KeptLogin extends BoundToken {
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Absent when the issuer gave none; the sign-in then ends with the access token. */
  readonly refreshToken?: string
}

/** Where sign-ins are kept: one 0600 file for each issuer, in a 0700 folder of the person's own configuration. */
export interface LoginFile {
  readonly path: string
  /** Undefined when nobody signed in. Throws `cli.login_file` when others may read it, unless it is to be ended. */
  read(toEndIt?: boolean): KeptLogin | undefined
  write(login: KeptLogin): void
  remove(): void
  /** The key of this device for this issuer: made once, and kept when the sign-in ends. */
  deviceKey(): HolderKey
  /** Holds the file against other commands: a refresh token that two of them use ends the sign-in. */
  whileHeld<T>(act: () => Promise<T>): Promise<T>
}

const longestHoldMs = 30_000

/** The file for one issuer, by the person's environment (`XDG_CONFIG_HOME`). */
export function loginFile(issuer: string, environment: Readonly<Record<string, string | undefined>>): LoginFile {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config')
  const folder = join(base, 'sallyport', 'logins')
  const path = join(folder, `${createHash('sha256').update(issuer).digest('hex').slice(0, 32)}.json`)
  const keyPath = path.replace(/\.json$/, '.key.json')
  const writePrivate = (to: string, value: object): void => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const next = `${to}.${process.pid}`
    rmSync(next, { force: true })
    const file = openSync(next, 'wx', 0o600)
    writeSync(file, `${JSON.stringify(value)}\n`)
    closeSync(file)
    renameSync(next, to) // whole or not at all
  }
  const write = (login: KeptLogin): void => writePrivate(path, login)
  const read = (toEndIt = false): KeptLogin | undefined => {
    let text: string
    try {
      if (!toEndIt && (statSync(path).mode & 0o077) !== 0) throw openToOthers(path)
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    return parseLogin(text, issuer)
  }
  return {
    path,
    read,
    write,
    remove: () => rmSync(path, { force: true }),
    deviceKey: () => {
      const kept = readKey(keyPath)
      if (kept !== undefined) return kept
      const key = makeHolderKey()
      writePrivate(keyPath, key)
      return key
    },
    whileHeld: async (act) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const lock = `${path}.lock`
      for (const until = Date.now() + longestHoldMs; ; await wait(50)) {
        try {
          mkdirSync(lock)
          break
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
          // Whoever held it for so long was killed.
          if (Date.now() > until) rmSync(lock, { recursive: true, force: true })
        }
      }
      try {
        return await act()
      } finally {
        rmSync(lock, { recursive: true, force: true })
      }
    },
  }
}

/** Our own file; what does not fit is as good as no sign-in. Its text is never quoted. */
function parseLogin(text: string, issuer: string): KeptLogin | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value) || value['issuer'] !== issuer) return undefined
  const { accessToken, expiresAt, refreshToken, key } = value
  const privateJwk = isRecord(key) ? key['privateJwk'] : undefined
  if (typeof accessToken !== 'string' || typeof expiresAt !== 'number' || !isRecord(privateJwk)) return undefined
  return {
    issuer,
    accessToken,
    key: { privateJwk },
    expiresAt,
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
  }
}

/** Undefined without one, or where others could have read it: then it is no proof of this device any more. */
function readKey(path: string): HolderKey | undefined {
  let value: unknown
  try {
    if ((statSync(path).mode & 0o077) !== 0) return undefined
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined // absent, or not written whole
  }
  const privateJwk = isRecord(value) ? value['privateJwk'] : undefined
  return isRecord(privateJwk) ? { privateJwk } : undefined
}

function openToOthers(path: string): SallyportError {
  const message = `${path} may be read by others, so it may have been: run sallyport logout, and sign in again`
  return new SallyportError('cli.login_file', message)
}
