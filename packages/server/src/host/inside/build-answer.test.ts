import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Fault {
  readonly code: string
  readonly file: string
  readonly message: string
}
type AnswerTo = (
  job: { readonly app: string; readonly moduleFolders: readonly string[]; readonly entry: string },
  built: object,
) => { readonly faults?: readonly Fault[]; readonly warnings?: readonly Fault[] }

const parent = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-answer-')))
const app = join(parent, 'app')
const job = { app, moduleFolders: [join(parent, 'node_modules')], entry: join(app, 'index.ts') }
let answerTo: AnswerTo

beforeAll(async () => {
  const module = (await import(new URL('./build-answer.mjs', import.meta.url).href)) as { answerTo: AnswerTo }
  ;({ answerTo } = module)
  for (const path of [
    'app/index.ts',
    'app/.sallyport/keys.json',
    'app-of-others/index.ts',
    'node_modules/a/index.js',
  ]) {
    mkdirSync(join(parent, path, '..'), { recursive: true })
    writeFileSync(join(parent, path), '')
  }
  symlinkSync('/nowhere/at/all', join(app, 'lost.json'))
  symlinkSync('../app-of-others', join(app, 'others'))
  symlinkSync('../app-of-others/index.ts', join(app, '<data:others>'))
  symlinkSync('../app-of-others', join(parent, 'node_modules/linked'))
})
afterAll(() => rmSync(parent, { recursive: true, force: true }))

/** What is said of a module that read this, and left these for the run. */
function whenRead(read: string, ...left: readonly string[]): readonly string[] {
  const imports = left.map((path) => ({ path, external: true }))
  const inputs = { [read]: { format: 'esm', imports: [] }, 'index.ts': { format: 'esm', imports } }
  const outputs = { 'index.mjs': { entryPoint: 'index.ts', exports: ['handler'] } }
  const { faults = [], warnings = [] } = answerTo(job, { metafile: { inputs, outputs }, outputFiles: [] })
  return [...faults.map(({ file, code }) => `${file}: ${code}`), ...warnings.map(({ message }) => message)]
}

/** What is said of an import that the bundler could not follow. */
function whenLost(specifier: string): string | undefined {
  const location = { file: 'index.ts', line: 3, column: 1 }
  return answerTo(job, { errors: [{ text: `Could not resolve "${specifier}"`, location }] }).faults?.[0]?.code
}

describe('a build', () => {
  for (const [what, path] of [
    ['a file of the app', 'index.ts'],
    ['a module of its folders', '../node_modules/a/index.js'],
    ['a module of a data: URL', `<data:text/javascript,${'/'.repeat(9)}${'a'.repeat(9_000)}>`],
  ] as const) {
    it(`may have read ${what}`, () => expect(whenRead(path)).toEqual([]))
  }

  for (const [what, path] of [
    ["the server's keys", '.sallyport/keys.json'],
    ['a folder whose name begins as that of the app', '../app-of-others/index.ts'],
    ['what a link in the app leads to', 'others/index.ts'],
    ['a link that is named like a data: URL', '<data:others>'],
  ] as const) {
    it(`is none that read ${what}`, () => expect(whenRead(path)).toEqual([`${path}: build.outside_app`]))
  }

  it('says what it left for the run that leads out of the app, and nothing of the rest', () => {
    expect(whenRead('index.ts', '../secret.json', './local.js', '/etc/hostname', 'node:fs')).toEqual([
      '"../secret.json" lies outside the app folder and its node_modules',
      '"/etc/hostname" lies outside the app folder and its node_modules',
    ])
  })
})

describe('an import that leads nowhere', () => {
  for (const [what, specifier, code] of [
    ['out of the app', '../secret.json', 'build.outside_app'],
    ['to the root', '/etc/hostname', 'build.outside_app'],
    ['by a broken link', './lost', 'build.outside_app'],
    ['by a link out of the app', './others/index', 'build.outside_app'],
    ['by a link in a module folder', 'linked/index', 'build.outside_app'],
    ['within the app', './typo', 'build.unresolved'],
    ['to a package that is not there', 'typo', 'build.unresolved'],
  ] as const) {
    it(`${what} is ${code}`, () => expect(whenLost(specifier)).toBe(code))
  }
})
