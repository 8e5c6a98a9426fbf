import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { loadManifestOf } from '../../packages/server/src/app/index.ts'
import { freePort } from '../../packages/server/src/operation/testing/free-port.ts'
import { houseRoot } from '../house/source-tree.ts'
import { paste, type PastedServer } from './terminal.ts'
import { anyPorts, serving } from './world.ts'

/** Does what docs/first-app.md says, in an empty folder, and holds what is printed against what stands there. */
export async function walkFirstApp(base: string): Promise<void> {
  const port = await freePort()
  const page = readFileSync(join(houseRoot, 'docs/first-app.md'), 'utf8').replaceAll('9700', String(port))
  const folder = join(base, 'shop')
  const walk: Walk = { base, folder, standIns: [], commands: 0 }
  try {
    for (const match of page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
      const [, language = '', text = ''] = match
      const named = [...page.slice(0, match.index).matchAll(/`([\w/-]+\.(?:mjs|json))`/g)].at(-1)?.[1] ?? ''
      await steps[language]?.(walk, text, named)
    }
  } finally {
    await walk.server?.stop()
    for (const child of walk.standIns) child.kill('SIGKILL')
  }
  assert.ok(walk.commands >= 8, `${walk.commands} commands: the walk would pass on nothing`)
}

interface Walk {
  readonly base: string
  readonly folder: string
  readonly standIns: ChildProcess[]
  server?: PastedServer
  commands: number
}

const steps: Readonly<Record<string, (walk: Walk, text: string, named: string) => Promise<void> | void>> = {
  console: async (walk, text) => {
    if (walk.server !== undefined) await inForce(walk.server, walk.folder)
    for (const [, line = '', said = ''] of text.matchAll(/^\$ (.+)\n((?:(?!\$ ).*\n)*)/gm)) {
      const printed = await paste(line, walk.server === undefined ? walk.base : walk.folder)
      assert.equal(normalised(printed.text), normalised(said), `$ ${line}`)
      walk.commands += 1
      if (walk.server !== undefined) await inForce(walk.server, walk.folder)
    }
  },
  sh: async (walk, text) => {
    for (const line of text.trim().split('\n')) {
      if (line.startsWith('sallyport dev')) walk.server = await serving(`${line} ${anyPorts}`, walk.folder)
      else if (!/^(export|cd) /.test(line)) assert.equal((await paste(line, walk.folder)).code, 0, line)
    }
  },
  js: async (walk, text, named) => {
    writeFileSync(join(walk.folder, named), text)
    if (named.includes('/')) return
    const child = spawn(process.execPath, [named], { cwd: walk.folder, stdio: 'ignore' })
    walk.standIns.push(child)
    await once(child, 'spawn')
  },
  json: (walk, text, named) => writeFileSync(join(walk.folder, named), text),
  // Under the key that is there already; a new key goes before the functions.
  yaml: (walk, text) => {
    const file = join(walk.folder, 'sallyport.yaml')
    const manifest = readFileSync(file, 'utf8')
    const [key = '', ...lines] = text.split('\n')
    const there = new RegExp(`^${key.split(':')[0] ?? ''}:.*$`, 'm')
    const edited = there.test(manifest)
      ? manifest.replace(there, (line) => [line, ...lines.slice(0, -1)].join('\n'))
      : manifest.replace(/^functions:/m, `${text}functions:`)
    assert.notEqual(edited, manifest)
    writeFileSync(file, edited)
  },
}

/** A change is in force once the server has said so, with the digest of what was written. */
async function inForce(server: PastedServer, folder: string): Promise<void> {
  const { app, guests } = await loadManifestOf(folder, process.env, () => undefined)
  await guests.close()
  const digest = app.digest.slice(0, 12)
  const first = walked.get(server) ?? digest
  walked.set(server, first)
  if (first === digest) return
  // The test's own limit ends it where the server never says so.
  while (!server.text().includes(`reloaded ${digest}`)) {
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** The digest that each server began with, which it does not print. */
const walked = new WeakMap<PastedServer, string>()

/** What differs from run to run, and what somebody else's server answers. */
function normalised(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'ID')
    .replaceAll(/"thought": ".*"/g, '"thought": ""')
    .replaceAll(/^the last two codes of .+\n/gm, '')
    .trimEnd()
}
