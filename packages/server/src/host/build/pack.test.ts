import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { buildFunction, type BuildOptions, type BuiltFunction } from './build.ts'
import type { BuildFault } from './build-fault.ts'
import { type EngineUnderTest, makeEngine, openFolder } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const parent = openFolder()
let app: string
let apps = 0
beforeEach(() => {
  app = join(parent, `app-${(apps += 1)}`)
  mkdirSync(app)
})
afterAll(() => rmSync(parent, { recursive: true, force: true }))

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(app, path)), { recursive: true })
  writeFileSync(join(app, path), text)
  chmodSync(join(app, path), mode)
}

type Asked = Pick<BuildOptions, 'runtime' | 'handler' | 'layers'> & { readonly code: string }

function build({ code, ...asked }: Asked): Promise<BuiltFunction | { readonly faults: readonly BuildFault[] }> {
  return buildFunction({
    ...asked,
    entry: join(app, code),
    appFolder: app,
    moduleFolders: [join(app, 'node_modules')],
    runtimeDir: join(parent, 'runtime'),
    execPath: process.execPath,
  })
}

async function built(asked: Asked): Promise<BuiltFunction> {
  const result = await build(asked)
  if ('faults' in result) throw new Error(JSON.stringify(result.faults))
  return result
}

describe('a folder that is taken as it stands', () => {
  it('keeps files, modes and inner links, and leaves out keys and histories', async () => {
    put('src/app.js', 'exports.handler = () => 1')
    put('src/bin/tool', '#!/bin/sh', 0o755)
    put('src/.git/config', 'x')
    put('src/.sallyport/keys.json', 'x')
    symlinkSync('bin/tool', join(app, 'src/shortcut'))
    const { codeDir, handler, runtime } = await built({ code: 'src', runtime: 'node', handler: 'app.handler' })
    expect({ handler, runtime }).toEqual({ handler: 'app.handler', runtime: 'node' })
    expect(readFileSync(join(codeDir, 'shortcut'), 'utf8')).toBe('#!/bin/sh')
    expect(['.git', '.sallyport'].filter((name) => existsSync(join(codeDir, name)))).toEqual([])
  })

  it('has one digest for the same bytes, and another for other modes, names, bytes or layers', async () => {
    put('src/app.py', 'def handler(event, context): return 1')
    put('src/tool', 'x')
    put('layer/python/extra.py', 'x = 1')
    const asked: Asked = { code: 'src/app.py', runtime: 'python' }
    const digests = [(await built(asked)).codeDigest]
    expect((await built(asked)).codeDigest).toBe(digests[0])
    digests.push((await built({ ...asked, layers: [join(app, 'layer')] })).codeDigest)
    put('src/tool', 'x', 0o755)
    digests.push((await built(asked)).codeDigest)
    put('src/tool', 'y', 0o755)
    digests.push((await built(asked)).codeDigest)
    expect(new Set(digests).size).toBe(4)
  })

  it('mends a copy that somebody changed', async () => {
    put('app.py', 'def handler(event, context): return 1')
    const { codeDir } = await built({ code: 'app.py', runtime: 'python' })
    writeFileSync(join(codeDir, 'app.py'), 'changed')
    expect((await built({ code: 'app.py', runtime: 'python' })).codeDir).toBe(codeDir)
    expect(readFileSync(join(codeDir, 'app.py'), 'utf8')).toContain('return 1')
  })

  it.each([
    ['def lambda_handler(event, context): pass', 'app.lambda_handler'],
    ['handler = lambda event, context: 1', 'app.handler'],
  ])('finds the handler of %s', async (text, handler) => {
    put('app.py', text)
    expect(await built({ code: 'app.py', runtime: 'python' })).toMatchObject({ handler })
  })

  it.each<[string, Asked, string]>([
    ['a link out of the app', { code: 'out', runtime: 'node', handler: 'app.handler' }, 'build.outside_app'],
    ['a folder that is itself such a link', { code: 'away', runtime: 'node', handler: 'a.b' }, 'build.outside_app'],
    ['a link that leads up again', { code: 'loop', runtime: 'node', handler: 'app.handler' }, 'build.failed'],
    [
      'a layer with a link out of the app',
      { code: 'plain', runtime: 'node', handler: 'app.handler', layers: ['out'] },
      'build.outside_app',
    ],
    ['no such module', { code: 'plain', runtime: 'node', handler: 'none.handler' }, 'build.no_handler'],
    ['no handler named', { code: 'plain', runtime: 'node' }, 'build.no_handler'],
    ['a bootstrap that is not executable', { code: 'plain', runtime: 'bootstrap' }, 'build.no_handler'],
    ['Python without a function', { code: 'empty/app.py', runtime: 'python' }, 'build.no_handler'],
  ])('refuses %s', async (_, asked, code) => {
    for (const folder of ['out', 'loop', 'plain']) put(`${folder}/app.js`, '')
    put('plain/bootstrap', '')
    put('empty/app.py', '')
    symlinkSync('/usr/bin/env', join(app, 'out/env')) // which the box that packs has, too
    symlinkSync('/etc', join(app, 'away'))
    mkdirSync(join(app, 'loop/deep'))
    symlinkSync('..', join(app, 'loop/deep/up'))
    const layers = asked.layers?.map((layer) => join(app, layer)) ?? []
    expect(await build({ ...asked, layers })).toMatchObject({ faults: [{ code }] })
  })
})

it('workerd serves a module that exports fetch, and neither another one nor a folder', async () => {
  const arch = process.arch === 'arm64' ? 'arm64' : '64'
  put(`node_modules/@cloudflare/workerd-linux-${arch}/bin/workerd`, '\u007FELF')
  put('src/fetch.mjs', 'export default { fetch: () => new Response("hi") }')
  put('src/handler.mjs', 'export const handler = () => 1')
  expect(await build({ code: 'src/fetch.mjs', runtime: 'workerd' }), 'control').toMatchObject({ shape: 'fetch' })
  for (const code of ['src/handler.mjs', 'src']) {
    expect(await build({ code, runtime: 'workerd', handler: 'handler.handler' }), code).toMatchObject({
      faults: [{ code: 'build.no_handler' }],
    })
  }
})

describe('an existing Lambda project', () => {
  let under: EngineUnderTest
  beforeAll(async () => {
    under = await makeEngine()
  })
  afterAll(() => under.close())

  it('runs unchanged: CommonJS, node_modules with a native addon, layers', async () => {
    put(
      'code/app.js',
      `const { hashSync } = require('@node-rs/argon2')
      const { from } = require('shared')
      exports.handler = async () => ({ hash: hashSync('x').slice(0, 8), from, name: __filename })`,
    )
    for (const name of nativeAddon()) cpSync(name.from, join(app, 'code/node_modules', name.to), { recursive: true })
    put('lower/nodejs/node_modules/shared/index.js', "exports.from = 'the lower layer'")
    put('lower/data.txt', 'lower')
    put('upper/nodejs/node_modules/shared/index.js', "exports.from = 'the upper layer'")
    const image = await built({
      code: 'code',
      runtime: 'node',
      handler: 'app.handler',
      layers: [join(app, 'lower'), join(app, 'upper')],
    })
    await under.deploy({ ...image, name: 'old' })
    expect(await under.call({}, { functionName: 'old' })).toEqual({
      hash: '$argon2i',
      from: 'the upper layer',
      name: '/var/task/app.js',
    })
  })

  it('runs Python with modules beside it and in a layer', async () => {
    put('code/app.py', 'import beside, extra\ndef lambda_handler(event, context):\n  return [beside.x, extra.x]\n')
    put('code/beside.py', 'x = 1')
    put('layer/python/extra.py', 'x = 2')
    const image = await built({ code: 'code/app.py', runtime: 'python', layers: [join(app, 'layer')] })
    await under.deploy({ ...image, name: 'snake' })
    expect(await under.call({}, { functionName: 'snake' })).toEqual([1, 2])
  })

  it.each<[string, Asked['runtime'], string]>([
    ['awslambdaric/__main__.py', 'python', 'app.handler'],
    ['node_modules/aws-lambda-ric/bin/index.mjs', 'node', 'app.handler'],
  ])("starts AWS's own client where the project brings it: %s", async (client, runtime, handler) => {
    put(`code/app.${runtime === 'python' ? 'py' : 'js'}`, '')
    put(`code/${client}`, runtime === 'python' ? pythonClient : nodeClient)
    const image = await built({ code: 'code', runtime, handler })
    expect(image.awsClient).toBe(true)
    await under.deploy({ ...image, name: runtime })
    const asked = await under.call({ a: 1 }, { functionName: runtime })
    expect(asked).toEqual({ told: handler, event: { a: 1 } })
  })

  it('runs a bootstrap in a shell, with a new connection for each request', async () => {
    put('code/bootstrap', shellBootstrap, 0o755)
    const image = await built({ code: 'code/bootstrap', runtime: 'bootstrap' })
    await under.deploy({ ...image, name: 'shell' })
    expect(await under.call({ a: 1 }, { functionName: 'shell' })).toEqual({ got: { a: 1 } })
    expect(await under.call({ a: 2 }, { functionName: 'shell' })).toEqual({ got: { a: 2 } })
  })
})

/** The addon that this repository has at hand: its JavaScript half, and the native one for this machine. */
function nativeAddon(): readonly { readonly from: string; readonly to: string }[] {
  const own = createRequire(import.meta.url)
  const library = dirname(own.resolve('@node-rs/argon2/package.json'))
  const native = `@node-rs/argon2-linux-${process.arch}-gnu`
  const binary = dirname(createRequire(join(library, 'package.json')).resolve(`${native}/package.json`))
  return [
    { from: library, to: '@node-rs/argon2' },
    { from: binary, to: native },
  ]
}

// Stand-ins for AWS's clients, started as those are: they tell which handler they were given.
const pythonClient = `
import http.client, json, os, sys
def ask(method, path, body=None):
  connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
  connection.request(method, '/2018-06-01/runtime/invocation/' + path, body)
  answer = connection.getresponse()
  return answer.headers, answer.read()
while True:
  headers, event = ask('GET', 'next')
  told = {'told': sys.argv[1], 'event': json.loads(event)}
  ask('POST', headers['lambda-runtime-aws-request-id'] + '/response', json.dumps(told))
`
const nodeClient = `
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/'
for (;;) {
  const next = await fetch(api + 'next')
  const body = JSON.stringify({ told: process.argv[2], event: await next.json() })
  await fetch(api + next.headers.get('lambda-runtime-aws-request-id') + '/response', { method: 'POST', body })
}
`

// Bash alone, so that no other program is needed: /dev/tcp opens a connection.
const shellBootstrap = `#!/bin/bash
ask() {
  exec 9<>/dev/tcp/127.0.0.1/9001
  printf '%s /2018-06-01/runtime%s HTTP/1.1\\r\\nhost: x\\r\\n' "$1" "$2" >&9
  printf 'content-length: %d\\r\\nconnection: close\\r\\n\\r\\n%s' "\${#3}" "$3" >&9
  cat <&9
}
while true; do
  answer=$(ask GET /invocation/next "" | tr -d '\\r')
  id=$(sed -n 's/^lambda-runtime-aws-request-id: //Ip' <<<"$answer")
  ask POST "/invocation/$id/response" "{\\"got\\":$(tail -n 1 <<<"$answer")}" >/dev/null
done
`
