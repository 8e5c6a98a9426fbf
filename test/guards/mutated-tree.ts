import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { createVitest, type TestCase, type Vitest } from 'vitest/node'

import type { Guard } from './guard.ts'

const top = resolve(import.meta.dirname, '../..')
const copied = ['packages', 'examples', 'package.json', 'vitest.config.ts', 'tsconfig.json', 'tsconfig.base.json']

/** Which of the tests that should notice did run, and which failed, by their full names. */
export interface Noticed {
  readonly ran: readonly string[]
  readonly failed: readonly string[]
}

/** A copy of the house in which one guard at a time is taken out. */
export interface MutatedTree {
  /** Runs the tests that should notice with every guard in place: the control. */
  withGuard(guard: Guard): Promise<Noticed>
  /** Takes the guard out, runs the tests that should notice, puts it back. */
  without(guard: Guard): Promise<Noticed>
  remove(): Promise<void>
}

/** Copies the sources and links the installed modules; our own packages lead to the copy. */
export async function makeMutatedTree(): Promise<MutatedTree> {
  const tree = copyHouse()
  const vitest = await createVitest(
    'test',
    { root: tree, config: join(tree, 'vitest.config.ts'), watch: true, maxWorkers: 1, reporters: [{}] },
    { server: { watch: null } },
  )
  await vitest.standalone()

  async function run({ noticedBy, testName }: Guard): Promise<Noticed> {
    if (testName === undefined) vitest.resetGlobalTestNamePattern()
    else vitest.setGlobalTestNamePattern(new RegExp(RegExp.escape(testName)))
    const specifications = await vitest.globTestSpecifications(noticedBy.map((name) => join(tree, name)))
    if (specifications.length !== noticedBy.length) throw new Error(`${noticedBy.join(', ')} are not all there`)
    const { exitCode } = process // these failures are what we want to see, and not our own
    await vitest.runTestSpecifications(specifications)
    process.exitCode = exitCode
    return noticedIn(vitest, new Set(specifications.map(({ moduleId }) => moduleId)))
  }

  return {
    withGuard: run,
    without: async (guard) => {
      const file = join(tree, guard.file)
      const original = readFileSync(file, 'utf8')
      if (original.split(guard.code).length !== 2) {
        throw new Error(`${guard.name}: its code does not stand exactly once in ${guard.file}`)
      }
      const change = (text: string): void => {
        writeFileSync(file, text)
        vitest.invalidateFile(file)
      }
      change(original.replace(guard.code, () => guard.without))
      try {
        return await run(guard)
      } finally {
        change(original)
      }
    },
    remove: async () => {
      await vitest.close()
      rmSync(tree, { recursive: true, force: true })
    },
  }
}

function copyHouse(): string {
  const tree = mkdtempSync(join(tmpdir(), 'sallyport-guards-'))
  chmodSync(tree, 0o755) // boxes of other uids read the code under test
  for (const name of copied) {
    cpSync(join(top, name), join(tree, name), {
      recursive: true,
      filter: (path) => !/(^|\/)(node_modules|dist|\.sallyport)(\/|$)/.test(path.slice(top.length)),
    })
  }
  const modules = join(tree, 'node_modules')
  mkdirSync(join(modules, '@sallyport'), { recursive: true })
  for (const name of readdirSync(join(top, 'node_modules'))) {
    if (name === '@sallyport' || name === '.vite' || name === '.vite-temp') continue
    symlinkSync(join(top, 'node_modules', name), join(modules, name))
  }
  for (const name of readdirSync(join(tree, 'packages'))) {
    symlinkSync(join(tree, 'packages', name), join(modules, '@sallyport', name))
  }
  return tree
}

/** A file that does not even load has run nothing: it noticed a broken copy, not a missing guard. */
function noticedIn(vitest: Vitest, moduleIds: ReadonlySet<string>): Noticed {
  const cases: TestCase[] = vitest.state
    .getTestModules()
    .filter(({ moduleId }) => moduleIds.has(moduleId))
    .flatMap(({ children }) => [...children.allTests()])
  const named = (state: string): readonly string[] =>
    cases.filter((one) => one.result().state === state).map(({ fullName }) => fullName)
  const failed = named('failed')
  return { failed, ran: [...failed, ...named('passed')] }
}
