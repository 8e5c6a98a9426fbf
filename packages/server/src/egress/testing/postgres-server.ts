import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from '../../operation/testing/free-port.ts'

/** A real PostgreSQL on loopback, with one user whose password is asked for by SCRAM. */
export interface PostgresServer {
  readonly port: number
  close(): Promise<void>
}

/** Where Debian keeps the newest installed server; undefined where there is none. */
export function findPostgres(): string | undefined {
  const root = '/usr/lib/postgresql'
  try {
    const [newest] = readdirSync(root).toSorted((a, b) => Number(b) - Number(a))
    return newest === undefined ? undefined : join(root, newest, 'bin')
  } catch {
    return undefined
  }
}

/** It refuses to run as root, so there it runs as `postgres`. */
function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

export async function startPostgres(
  bin: string,
  login: { readonly user: string; readonly password: string },
  tls: { readonly key: string; readonly cert: string },
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'))
  const who = identity()
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    if (who.uid !== undefined && who.gid !== undefined) chownSync(join(folder, name), who.uid, who.gid)
  }
  if (who.uid !== undefined && who.gid !== undefined) chownSync(folder, who.uid, who.gid)
  write('password', login.password)
  write('server.key', tls.key)
  write('server.crt', tls.cert)
  const data = join(folder, 'data')
  const options = [
    '-A',
    'scram-sha-256',
    '--pwfile',
    join(folder, 'password'),
    '-U',
    login.user,
    '--no-sync',
    '-E',
    'UTF8',
  ]
  await promisify(execFile)(join(bin, 'initdb'), ['-D', data, '--locale', 'C', ...options], { ...who, cwd: folder })
  const port = await freePort()
  const settings = {
    unix_socket_directories: '',
    listen_addresses: '127.0.0.1',
    port: String(port),
    fsync: 'off',
    ssl: 'on',
    ssl_key_file: join(folder, 'server.key'),
    ssl_cert_file: join(folder, 'server.crt'),
  }
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...given], { ...who, cwd: folder, stdio: 'ignore' })
  const ended = once(server, 'exit')
  while (server.exitCode === null && !(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    close: async () => {
      server.kill('SIGINT') // the fast end: sessions are broken off
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return open
}
