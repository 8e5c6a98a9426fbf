import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { buildFunction, type BuiltFunction, moduleFoldersOf } from './build.ts'
import type { BuildFault } from './build-fault.ts'
import { openFolder } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let parent: string
let app: string
const secret = 'the-secret-of-the-host'

beforeAll(() => {
  parent = openFolder()
  app = join(parent, 'repo/examples/app')
  const files: Readonly<Record<string, string>> = {
    'repo/node_modules/hoisted/index.js': 'exports.value = 40; exports.where = typeof __dirname',
    'repo/examples/app/node_modules/local/index.js': 'export const two = 2',
    'repo/examples/app/node_modules/sly/index.js': `try { require('${parent}/secret.json') } catch {} exports.no = 1`,
    'repo/examples/app/node_modules/rude/index.js': `module.exports = require('${parent}/secret.json')`,
    'repo/node_modules/many-drivers/index.js':
      "exports.use = (name) => (name === 'one' ? require('driver-one') : import('driver-two'))",
    'repo/node_modules/addon/index.js': "module.exports = require('./addon.node')",
    'repo/node_modules/addon/addon.node': 'ELF',
    'repo/examples/app/src/drivers.ts':
      "import { use } from 'many-drivers'\n" +
      'export const handler = async (name: string) => {\n' +
      '  try { return await use(name) } catch (error) { return error.code }\n}',
    'repo/examples/app/src/own-driver.ts': "import 'many-drivers'\nexport const handler = () => require('driver-one')",
    'repo/examples/app/src/addon.ts': "import addon from 'addon'\nexport const handler = () => addon",
    'repo/examples/app/.sallyport/keys.json': JSON.stringify(secret),
    'repo/examples/app/src/handler.ts':
      "import { value } from 'hoisted'\nimport { two } from 'local'\n" +
      "import { none } from 'data:text/javascript,export const none = 0'\n" +
      'export const handler = async (): Promise<number> => value + two + none\n',
    'repo/examples/app/src/fetch.ts': 'export default { fetch: (): Response => new Response("hi") }',
    'repo/examples/app/src/commonjs.cjs': 'exports.handler = () => 1',
    'repo/examples/app/src/neither.ts': 'export const other = 1',
    'repo/examples/app/src/syntax.ts': 'export const handler = (\n  =>',
    'repo/examples/app/src/missing.ts': "import 'not-there'\nexport const handler = 1",
    'repo/examples/app/src/climbs.ts': "import text from '../../../../secret.json'\nexport const handler = text",
    'repo/examples/app/src/absolute.ts': "import text from '/etc/hostname'\nexport const handler = text",
    'repo/examples/app/src/linked.ts': "import text from './link.json'\nexport const handler = text",
    'repo/examples/app/src/keys.ts': "import text from '../.sallyport/keys.json'\nexport const handler = text",
    'repo/examples/app/src/sly.ts': "export { no as handler } from 'sly'",
    'repo/examples/app/src/rude.ts': "import rude from 'rude'\nexport const handler = () => rude",
    'repo/examples/app/src/mapped.ts': `export const handler = 1\n//# sourceMappingURL=${parent}/secret.json`,
    'repo/examples/app/src/outside-package.ts': "import 'elsewhere'\nexport const handler = 1",
    'secret.json': JSON.stringify(secret),
    'elsewhere/index.js': `export default ${JSON.stringify(secret)}`,
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(parent, path, '..'), { recursive: true })
    writeFileSync(join(parent, path), text)
  }
  symlinkSync(join(parent, 'secret.json'), join(app, 'src/link.json'))
  symlinkSync('../../elsewhere', join(parent, 'repo/node_modules/elsewhere'))
  symlinkSync('../examples/app/node_modules/local', join(parent, 'repo/node_modules/workspace'))
})
afterAll(() => rmSync(parent, { recursive: true, force: true }))

const warnings: BuildFault[] = []
function build(
  name: string,
  layers: readonly string[] = [],
): Promise<BuiltFunction | { readonly faults: readonly BuildFault[] }> {
  warnings.length = 0
  return buildFunction({
    entry: join(app, 'src', name),
    runtime: 'node',
    layers,
    appFolder: app,
    moduleFolders: moduleFoldersOf(app),
    runtimeDir: join(parent, 'runtime'),
    execPath: process.execPath,
    onWarning: (fault) => void warnings.push(fault),
  })
}

async function built(name: string): Promise<BuiltFunction> {
  const result = await build(name)
  if ('faults' in result) throw new Error(JSON.stringify(result.faults))
  return result
}

async function faultsOf(name: string, layers?: readonly string[]): Promise<readonly BuildFault[]> {
  const result = await build(name, layers)
  return 'faults' in result ? result.faults : []
}

describe('buildFunction', () => {
  it('bundles sources, hoisted and local modules into one module with a source map', async () => {
    const { codeDir, shape, handler, codeDigest } = await built('handler.ts')
    expect({ shape, handler }).toEqual({ shape: 'handler', handler: 'index.handler' })
    expect(codeDir.endsWith(`/builds/${codeDigest}`)).toBe(true)
    const module = (await import(pathToFileURL(join(codeDir, 'index.mjs')).href)) as { handler: () => Promise<number> }
    expect(await module.handler()).toBe(42)
    const map = JSON.parse(readFileSync(join(codeDir, 'index.mjs.map'), 'utf8')) as { sources: string[] }
    expect(map.sources).toContain('src/handler.ts')
    expect(map.sources.join()).not.toContain(parent)
  })

  it('gives the same digest for the same sources, and another for others', async () => {
    const first = await built('handler.ts')
    expect((await built('handler.ts')).codeDigest).toBe(first.codeDigest)
    expect((await built('fetch.ts')).codeDigest).not.toBe(first.codeDigest)
  })

  it('tells the shape of the code without running it', async () => {
    expect(await built('fetch.ts')).toMatchObject({ shape: 'fetch', handler: 'index.default' })
    expect(await built('commonjs.cjs')).toMatchObject({ shape: 'handler', handler: 'index.handler' })
    expect(await faultsOf('neither.ts')).toMatchObject([{ code: 'build.no_handler', file: 'src/neither.ts' }])
  })

  it('names file, line and column of what does not parse or is not there', async () => {
    expect(await faultsOf('syntax.ts')).toMatchObject([
      { code: 'build.failed', file: 'src/syntax.ts', line: 2, column: 3 },
    ])
    expect(await faultsOf('missing.ts')).toMatchObject([{ code: 'build.unresolved', file: 'src/missing.ts', line: 1 }])
    expect(await faultsOf('no-such-file.ts')).toMatchObject([{ code: 'build.unresolved' }])
  })

  it('leaves a package that a package asks for while it runs to be missed there, as Node does', async () => {
    const { codeDir } = await built('drivers.ts')
    const module = (await import(pathToFileURL(join(codeDir, 'index.mjs')).href)) as {
      handler: (name: string) => Promise<unknown>
    }
    expect(await module.handler('one')).toBe('MODULE_NOT_FOUND')
    expect(await module.handler('two')).toBe('ERR_MODULE_NOT_FOUND')
    const own = [
      { code: 'build.unresolved', file: 'src/own-driver.ts', message: expect.stringContaining('driver-one') },
    ]
    expect(await faultsOf('own-driver.ts'), 'what the app itself asks for has to be there').toMatchObject(own)
  })

  it('says what takes a native addon', async () => {
    expect(await faultsOf('addon.ts')).toMatchObject([
      { code: 'build.failed', message: expect.stringContaining('name the folder in `code`, and `handler`') },
    ])
  })

  it('says why a package of a layer is not found, and where there are layers only', async () => {
    const hint = 'a module is built without its layers'
    const [without] = await faultsOf('missing.ts')
    expect(without?.message).toContain('no package of that name')
    expect(without?.message).not.toContain(hint)
    const [with_] = await faultsOf('missing.ts', ['layer'])
    expect(with_?.message).toContain(hint)
    expect((await faultsOf('syntax.ts', ['layer']))[0]?.message).not.toContain(hint)
  })

  it.each(['climbs.ts', 'absolute.ts', 'linked.ts', 'keys.ts', 'rude.ts', 'outside-package.ts'])(
    'refuses an import that leaves the app: %s',
    async (name) => {
      expect(await faultsOf(name)).toMatchObject([{ code: 'build.outside_app' }])
    },
  )

  it.each(['../../../../elsewhere/index.js', '../../../../elsewhere', 'link.json'])(
    'takes nothing that lies outside the app: %s',
    async (name) => {
      const said = { code: 'build.outside_app', message: 'it lies outside the app folder' }
      expect(await faultsOf(name)).toMatchObject([said])
    },
  )

  it('leaves an optional require outside the app unresolved, and says so', async () => {
    const { codeDir } = await built('sly.ts')
    expect(readFileSync(join(codeDir, 'index.mjs'), 'utf8')).not.toContain(secret)
    expect(warnings).toMatchObject([{ code: 'build.outside_app', file: 'node_modules/sly/index.js' }])
  })

  it('does not follow a source map comment out of the app', async () => {
    const { codeDir } = await built('mapped.ts')
    expect(readFileSync(join(codeDir, 'index.mjs.map'), 'utf8')).not.toContain(secret)
  })

  it('mends output that somebody changed', async () => {
    const { codeDir } = await built('handler.ts')
    const file = join(codeDir, 'index.mjs')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, 'export const handler = () => "changed"')
    await built('handler.ts')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(statSync(file).mode & 0o777).toBe(0o644)
  })

  it('builds several functions side by side', async () => {
    const results = await Promise.all(['handler.ts', 'fetch.ts', 'commonjs.cjs', 'handler.ts'].map(built))
    expect(results.map(({ shape }) => shape)).toEqual(['handler', 'fetch', 'handler', 'handler'])
  })

  it('builds an app in a folder that is closed to every other user', async () => {
    chmodSync(join(parent, 'repo'), 0o700)
    expect(await built('handler.ts')).toMatchObject({ shape: 'handler' })
    chmodSync(join(parent, 'repo'), 0o755)
  })
})
