import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'
import { houseRoot } from '../house/source-tree.ts'

/** What a line printed and how it ended. */
export interface Said {
  readonly text: string
  readonly code: number
}

/** The environment of somebody who has installed the command. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${join(houseRoot, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
  NO_COLOR: '1',
}

const patienceMs = 60_000
const running = new Set<ChildProcess>()

function shell(line: string, cwd: string, at: 'pipe' | 'terminal'): ChildProcess {
  const options: SpawnOptions = {
    cwd,
    env: { ...environment, SHELL: '/bin/bash' },
    stdio: ['pipe', 'pipe', 'pipe'],
  }
  // util-linux's `script` gives the line a terminal of its own, so that a question can be answered.
  const child =
    at === 'pipe' ? spawn('bash', ['-c', line], options) : spawn('script', ['-qefc', line, '/dev/null'], options)
  child.stdin?.on('error', () => undefined) // it ended before it had read what it did not want
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

function listen(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part) => (text += part))
  return () => text
}

/** Pastes a line into bash and waits for its end. `input` is typed at a terminal when it answers a question. */
export function paste(
  line: string,
  cwd: string,
  input?: { readonly text: string; readonly at?: 'terminal' },
): Promise<Said> {
  const child = shell(line, cwd, input?.at ?? 'pipe')
  const text = listen(child)
  if (input?.at === 'terminal') child.stdin?.write(input.text)
  else child.stdin?.end(input?.text ?? '')
  const late = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(late)
      resolve({ text: text(), code: code ?? 128 })
    })
  })
}

/** A server that a pasted line started. */
export interface PastedServer {
  readonly text: () => string
  /** Resolves when it has ended, by itself or by somebody else. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** Pastes a line that starts a server, and waits until it serves; what it says instead is the answer if it ends. */
export async function pasteServer(line: string, cwd: string): Promise<PastedServer | Said> {
  const child = shell(`exec ${line}`, cwd, 'pipe')
  const text = listen(child)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  for (const end = performance.now() + patienceMs; performance.now() < end;) {
    if (text().includes('stop with Ctrl-C')) {
      const stop = async (): Promise<void> => {
        child.kill('SIGTERM')
        await ended
      }
      return { text, ended, stop }
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      await ended
      return { text: text(), code: child.exitCode ?? 128 }
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  child.kill('SIGKILL')
  throw new Error(`neither served nor ended: ${line}\n${text()}`)
}

/** Ends what a failed test left running. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** The line printed as a fix, as it stands. */
export function fixIn({ text }: { readonly text: string }): string {
  const fix = /^\s*fix: (.+?)\s*$/m.exec(text)?.[1]
  if (fix === undefined) throw new Error(`no fix in:\n${text}`)
  return fix
}

/** A folder with these files, which functions may read. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport fixes-'))) // a space: fixes have to quote it
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Removes it, with what a server made elsewhere for it. */
export function removeFolder(folder: string): void {
  rmSync(runtimeFolderFor(join(folder, '.sallyport')), { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
}
