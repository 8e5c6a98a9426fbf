import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

// The example as a newcomer meets it, and then under attack. Both use its own folder and ports: one after the other.
const top = resolve(import.meta.dirname, '../..')

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, ['-C', 'source', ...args], { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  return new Promise((done) => child.once('exit', (code) => done({ code, text })))
}

test('the story comes out as stated, step by step, and so does every attempt of the poisoned dependency', async () => {
  const { code, text } = await run([join(top, 'examples/checkout/story/main.ts'), '--once'])
  assert.equal(code, 0, text)
  assert.match(text, /^isolation: hard .*; ledger: self-attested$/m)
  assert.match(text, /all \d+ steps and \d+ attempts came out as stated/)
})

test('every attack is stopped where it is stated to be, and every control succeeds', async () => {
  const { code, text } = await run([join(top, 'packages/cli/src/main.ts'), 'attack', '--json', 'examples/checkout'])
  assert.equal(code, 0, text.slice(-4000))
})
