import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import type { ConfigurationRecord } from '@sallyport/core/access'

import { endAll, makeApp, recordsOf, type RunningServer, start, startRefused, type TestApp, until } from './harness.ts'

let app: TestApp

beforeEach(async () => {
  app = await makeApp()
})
afterEach(async () => {
  await endAll()
  app.remove()
})

const openVersion = 'GET /version: { who: [anyone] }'
const writersOnly = 'GET /version: { who: [writer] }'
const version = async (server: RunningServer) => server.send({ path: '/version' })

async function configurations(): Promise<readonly ConfigurationRecord[]> {
  return (await recordsOf(app)).filter((record) => record.kind === 'configuration')
}

test('a manifest that grants more is refused where nobody is asked, and --broadening allow lets it in', async () => {
  app.edit('sallyport.yaml', openVersion, writersOnly)
  await (await start(app)).stop()
  const accepted = await configurations()

  app.edit('sallyport.yaml', writersOnly, openVersion)
  const { code, said, left } = await startRefused(app)
  assert.deepEqual([code, left], [2, []])
  assert.match(said, /^error manifest\.broadens: /)
  assert.match(said, /\+ anyone may now call GET \/version \(notes\)/)
  assert.match(said, /fix: sallyport up .*--broadening allow/)
  assert.deepEqual(await configurations(), accepted, 'what was refused never came into force')

  const server = await start(app, { args: ['--broadening', 'allow'] })
  assert.equal((await version(server)).text, 'one', server.stderr())
  const last = (await configurations()).at(-1)
  assert.deepEqual([last?.broadens, last?.previous], [true, accepted.at(-1)?.digest])
  assert.deepEqual(last?.accessDiff, [
    '- writer may no longer call GET /version (notes)',
    '+ anyone may now call GET /version (notes)',
  ])
  await server.stop()
})

test('a manifest that only narrows comes into force without a word, and its record says what was lost', async () => {
  await (await start(app)).stop()
  app.edit('sallyport.yaml', openVersion, writersOnly)
  app.write('sallyport.yaml', `${app.read('sallyport.yaml')}only:\n  - notes, snake -> press\n`)
  const server = await start(app)
  assert.equal((await version(server)).code, 'token.missing')
  const last = (await configurations()).at(-1)
  assert.equal(last?.broadens, false)
  assert.ok(last.accessDiff.includes('- anyone may no longer call GET /version (notes)'))
  assert.ok(last.accessDiff.includes('+ only notes, snake -> press'))
  await server.stop()
})

test('dev takes up code and manifest as they are saved, and keeps what was in force when they are faulty', async () => {
  const server = await start(app, { mode: 'dev', args: ['--broadening', 'refuse'] })
  const says = async (text: string) => (await version(server)).text === text
  const heard = (pattern: RegExp) => until(String(pattern), () => pattern.test(server.stderr()))
  assert.equal((await version(server)).text, 'one', server.stderr())

  const savedAt = performance.now()
  app.edit('src/notes.ts', "const version = 'one'", "const version = 'two'")
  await until('the new code answers', () => says('two'))
  process.stdout.write(`new code in force after ${Math.round(performance.now() - savedAt)} ms\n`)

  app.edit('src/notes.ts', "const version = 'two'", "const version = 'two")
  await heard(/error build\.failed: [^]*src\/notes\.ts:\d+:\d+ build\.failed/)
  assert.ok(await says('two'), 'the code that was in force still is')
  app.edit('src/notes.ts', "const version = 'two", "const version = 'three'")
  await until('the mended code answers', () => says('three'))

  app.edit('sallyport.yaml', openVersion, 'GET /version: { who: [anyone }')
  await heard(/error manifest\.faulty: [^]*sallyport\.yaml:\d+:\d+ /)
  assert.ok(await says('three'), 'the manifest that was in force still is')
  app.edit('sallyport.yaml', 'GET /version: { who: [anyone }', openVersion)

  app.edit('sallyport.yaml', openVersion, writersOnly)
  await until('the narrower manifest is in force', async () => (await version(server)).code === 'token.missing')
  app.edit('sallyport.yaml', writersOnly, openVersion)
  await heard(/error manifest\.broadens: [^]*anyone may now call/)
  assert.equal((await version(server)).code, 'token.missing', 'what was narrowed stays so until somebody agrees')
  await server.stop()
})

test('dev enforces what up enforces', async () => {
  const alice = await app.token('alice')
  const asked = [
    { path: '/notes/1' },
    { path: '/notes/1', token: await app.pool.accessToken('erin', []) },
    { path: '/notes/1', token: 'forged' },
    { path: '/nowhere', token: alice },
    { path: '/notes/..%2f1', token: alice },
    { path: '/notes/1', token: alice },
    { path: '/trouble/throws', method: 'POST', token: alice },
  ]
  const answers: (readonly (string | number | undefined)[])[][] = []
  for (const mode of ['up', 'dev'] as const) {
    const server = await start(app, { mode })
    const all = []
    for (const request of asked) all.push(await server.send(request))
    answers.push(all.map(({ status, code }) => [status, code]))
    await server.stop()
  }
  assert.deepEqual(answers[1], answers[0])
  assert.ok(new Set(answers[0]?.map(String)).size >= 6, 'the answers differ among themselves')
})
