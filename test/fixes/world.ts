import assert from 'node:assert/strict'
import { createServer as createHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { houseRoot } from '../house/source-tree.ts'
import { smallApp } from './app.ts'
import {
  endAll,
  fixIn,
  folderWith,
  paste,
  type PastedServer,
  pasteServer,
  removeFolder,
  type Said,
} from './terminal.ts'

/** The server as a program, without the command in front of it. */
export const serverProgram: string = `node -C source '${join(houseRoot, 'packages/server/src/main.ts')}'`
/** So that no two servers of these tests meet. */
export const anyPorts = '--port 0 --issuer-port 0'

/** Room and leading words of each kind → how many cases below show it, which is how many places print it. */
export const shown: Map<string, number> = new Map<string, number>()
const folders: string[] = []
const upstream = createHttp((_, response) => void response.end('{}'))
let small: Readonly<Record<string, string>> = {}

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  small = smallApp(`http://127.0.0.1:${portOf(upstream)}`)
})
after(() => {
  endAll()
  upstream.close()
  folders.forEach(removeFolder)
})

/** One case: the kinds that it shows, once for each place that prints them. */
export function fix(
  kinds: readonly string[],
  name: string,
  run: () => Promise<void>,
  options: { skip?: string | false } = {},
): void {
  for (const kind of kinds) shown.set(kind, (shown.get(kind) ?? 0) + 1)
  test(name, { timeout: 180_000, ...(options.skip === undefined ? {} : { skip: options.skip }) }, run)
}

/** A small app in a folder of its own, or these files. */
export function open(files: Readonly<Record<string, string>> = small): string {
  const folder = folderWith(files)
  folders.push(folder)
  return folder
}

/** Asks, pastes each fix that is printed and says yes to its question, until the answer is yes. */
export async function untilAllowed(folder: string, question: string, codes: readonly string[]): Promise<void> {
  for (const code of codes) {
    const refused = await paste(question, folder)
    assert.equal(refused.code, 1, refused.text)
    assert.match(refused.text, new RegExp(`^ +${code.replace('.', '\\.')}: `, 'm'))
    const pasted = await paste(fixIn(refused), folder, { text: 'y\n', at: 'terminal' })
    assert.equal(pasted.code, 0, pasted.text)
  }
  const allowed = await paste(question, folder)
  assert.equal(allowed.code, 0, allowed.text)
}

/** Pastes a line that must start a server. */
export async function serving(line: string, cwd: string): Promise<PastedServer> {
  const server = await pasteServer(line, cwd)
  assert.ok('stop' in server, 'stop' in server ? '' : server.text)
  return server
}

/** Pastes a line that must refuse to start one, and gives the fix that it printed. */
export async function refusing(line: string, cwd: string): Promise<Said & { fix: string }> {
  const server = await pasteServer(line, cwd)
  if ('stop' in server) await server.stop()
  assert.ok(!('stop' in server), `${line} was to refuse`)
  return { ...server, fix: fixIn(server) }
}

/** The usual ports may be somebody else's here; then the fix says so in its turn, and its own fix is pasted. */
export async function servingSomewhere(line: string, cwd: string, tries = 3): Promise<PastedServer> {
  const server = await pasteServer(line, cwd)
  if ('stop' in server) return server
  assert.ok(tries > 0 && server.text.includes('server.port_in_use'), server.text)
  return servingSomewhere(fixIn(server), cwd, tries - 1)
}

/** The port that a server listens on. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
