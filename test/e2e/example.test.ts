import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

// The example as a newcomer meets it, and then under attack. Both use its own folder: one after the other. The usual
// ports are left to whoever is told of them by a fix that a test pastes.
const top = resolve(import.meta.dirname, '../..')
const example = join(top, 'examples/checkout')

/** The part of `who --json` that is looked at. */
interface Sitting {
  readonly session: string
  readonly signIn?: { readonly sessionId?: string }
  readonly decisions: readonly {
    readonly subjectName: string
    readonly door: string
    readonly outcome?: string
    readonly sessionId?: string
  }[]
  readonly elevations: readonly { readonly event: string; readonly sessionId?: string }[]
}

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, ['-C', 'source', ...args], { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  return new Promise((done) => child.once('exit', (code) => done({ code, text })))
}

test('the story comes out as stated, step by step, and so does every attempt of the poisoned dependency', async () => {
  const ports = ['--port', '0', '--issuer-port', '0']
  const { code, text } = await run([join(top, 'examples/checkout/story/main.ts'), '--once', ...ports])
  assert.equal(code, 0, text)
  assert.match(text, /^isolation: hard .*; ledger: self-attested$/m)
  assert.match(text, /all \d+ steps and \d+ attempts came out as stated/)
})

test('one person is followed over a sign-in, requests, calls made on her behalf, and an elevation', async () => {
  const { code, text } = await run([join(top, 'packages/cli/src/main.ts'), 'who', 'ada', '--json', '--app', example])
  assert.equal(code, 0, text)
  const { sessions }: { sessions: readonly Sitting[] } = JSON.parse(text)
  const sitting = sessions.find(({ elevations }) => elevations.some(({ event }) => event === 'granted'))
  assert.ok(sitting?.signIn !== undefined, text.slice(0, 2_000))
  const { session, signIn, decisions, elevations } = sitting
  const doors = new Set(decisions.filter(({ outcome }) => outcome === 'done').map(({ door }) => door))
  assert.deepEqual([...doors].toSorted(), ['administration', 'egress', 'ingress'])
  const payments = decisions.find(({ subjectName, door }) => subjectName === 'payments' && door === 'egress')
  for (const one of [signIn, payments, ...elevations]) assert.equal(one?.sessionId, session)
})

test('every attack is stopped where it is stated to be, and every control succeeds', async () => {
  const { code, text } = await run([join(top, 'packages/cli/src/main.ts'), 'attack', '--json', 'examples/checkout'])
  assert.equal(code, 0, text.slice(-4000))
})
