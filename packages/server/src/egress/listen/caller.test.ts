import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { callerHeader, createCallerPackages, readCaller } from './caller.ts'
import { ask, type Harness, openHarness } from '../testing/harness.ts'

describe('the caller header', () => {
  it('gives positions, innermost first', () => {
    expect(readCaller(['9:64,15:55'])).toEqual([
      { line: 9, column: 64 },
      { line: 15, column: 55 },
    ])
  })

  it.each([
    ['nothing', []],
    ['an empty value', ['']],
    ['two headers', ['1:1', '2:2']],
    ['seventeen frames', [Array.from({ length: 17 }, () => '1:1').join(',')]],
    ['a line of zero', ['0:1']],
    ['a sign', ['-1:1']],
    ['a line without end', ['123456789:1']],
    ['white space', ['1:1, 2:2']],
    ['a path', ['/etc/passwd:1:1']],
    ['a megabyte', ['1:1,'.repeat(250_000)]],
    ['one bad frame among good ones', ['1:1,x,2:2']],
  ])('says nothing when it is %s', (_, values) => {
    expect(readCaller(values)).toEqual([])
  })
})

// One generated line per source, in the order of the list: `AAAA` is source 0, and each `ACAA` the next one.
const sources = [
  'src/handler.ts',
  '../../node_modules/@aws-sdk/client/dist/index.js',
  'node_modules/outer/node_modules/inner/index.js',
  'format/lib/index.js',
  'linked/index.js',
  'node_modules/bad name\n/index.js',
  '../../../etc/index.js',
  'endless/index.js',
]
let folder: string
let harness: Harness

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-caller-'))
  const folders = ['code', 'app/format/lib', 'app/linked', 'app/endless']
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true })
  const mappings = sources.map((_, index) => (index === 0 ? 'AAAA' : 'ACAA')).join(';')
  writeFileSync(join(folder, 'code/index.mjs.map'), JSON.stringify({ version: 3, sources, names: [], mappings }))
  writeFileSync(join(folder, 'package.json'), '{"name":"above-the-app"}')
  writeFileSync(join(folder, 'secret.json'), '{"name":"secret"}')
  writeFileSync(join(folder, 'app/package.json'), '{"name":"the-app-itself"}')
  writeFileSync(join(folder, 'app/format/package.json'), '{"name":"price-format"}')
  writeFileSync(join(folder, 'app/endless/package.json'), `{"name":"endless"${' '.repeat(300_000)}}`)
  symlinkSync(join(folder, 'secret.json'), join(folder, 'app/linked/package.json'))
  harness = await openHarness()
})
afterAll(async () => {
  await harness.close()
  rmSync(folder, { recursive: true, force: true })
})

const named = (...lines: number[]): Promise<string | undefined> =>
  createCallerPackages().packageOf(
    { codeDir: join(folder, 'code'), codeDigest: 'd', appFolder: join(folder, 'app') },
    lines.map((line) => ({ line, column: 1 })),
  )

describe('the package of a request', () => {
  it('is the scoped one below node_modules', async () => expect(await named(2)).toBe('@aws-sdk/client'))
  it('is the innermost node_modules of a source', async () => expect(await named(3)).toBe('inner'))
  it('is named by the package.json of a workspace', async () => expect(await named(4)).toBe('price-format'))
  it('is the outermost on the stack: the one that the app called', async () => {
    expect(await named(2, 4, 1)).toBe('price-format')
  })
  it('is none where only the app itself asked', async () => expect(await named(1)).toBeUndefined())
  it('is none beyond the bundle', async () => expect(await named(4_000_000)).toBeUndefined())
  it('is not read through a link', async () => expect(await named(5)).toBeUndefined())
  it('has a name that npm accepts, or none', async () => expect(await named(6)).toBeUndefined())
  it('is not looked for above the app', async () => expect(await named(7)).toBeUndefined())
  it('is not read from a file without end', async () => expect(await named(8)).toBeUndefined())

  it('is known by the maps of the last builds, and of no more', async () => {
    const packages = createCallerPackages()
    const namedBy = (codeDigest: string, name: string): Promise<string | undefined> =>
      packages.packageOf({ codeDir: join(folder, name), codeDigest, appFolder: join(folder, 'app') }, [
        { line: 4, column: 1 },
      ])
    expect(await namedBy('first', 'code')).toBe('price-format')
    for (let build = 2; build <= 32; build += 1) await namedBy(`build ${build}`, 'code')
    expect(await namedBy('first', 'gone'), 'control').toBe('price-format')
    await namedBy('one more', 'code')
    expect(await namedBy('first', 'gone')).toBeUndefined()
  })

  it('is unknown when there is no source map', async () => {
    const code = { codeDir: folder, codeDigest: 'e', appFolder: folder }
    expect(await createCallerPackages().packageOf(code, [{ line: 1, column: 1 }])).toBeUndefined()
  })
})

describe('the door', () => {
  it('names the package in the record and in the log of a refusal', async () => {
    await using(async (mapped) => {
      await ask(mapped, 'http://api.stripe.com/v1/refused', { headers: { [callerHeader]: '1:1,4:1' } })
      expect(mapped.decisions).toMatchObject([{ effect: 'deny', advisoryPackage: 'price-format' }])
      expect(mapped.lines.at(-1)).toContain('asked by npm package price-format (advisory)')
    })
  })

  it('refuses as before when the header is rubbish, and says nothing of a package', async () => {
    await ask(harness, 'http://evil.example/', { headers: { [callerHeader]: 'x'.repeat(4_000) } })
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'deny', reasons: [{ code: 'door.unlisted' }] })
    expect(harness.decisions.at(-1)).not.toHaveProperty('advisoryPackage')
  })

  it('takes a repeated header for no fault of the request', async () => {
    await ask(harness, 'http://evil.example/', { headers: { [callerHeader]: ['1:1', '2:2'] } })
    expect(harness.decisions.at(-1)).toMatchObject({ reasons: [{ code: 'door.unlisted' }] })
  })
})

/** A harness whose function was built into our folder. */
async function using(test: (mapped: Harness) => Promise<void>): Promise<void> {
  const mapped = await openHarness({ codeDir: join(folder, 'code'), appFolder: join(folder, 'app') })
  try {
    await test(mapped)
  } finally {
    await mapped.close()
  }
}
