import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import type { Guard } from './guards.ts'

const top = resolve(import.meta.dirname, '../..')
const copied = ['packages', 'examples', 'package.json', 'vitest.config.ts', 'tsconfig.json', 'tsconfig.base.json']

/** A copy of the house in which one guard at a time is taken out. */
export interface MutatedTree {
  /** Takes the guard out, runs the tests that should notice, puts it back. Resolves with the names that failed. */
  failuresWithout(guard: Guard): Promise<{ readonly failed: readonly string[]; readonly ran: number }>
  remove(): void
}

/** Copies the sources and links the installed modules; our own packages lead to the copy. */
export function makeMutatedTree(): MutatedTree {
  const tree = mkdtempSync(join(tmpdir(), 'sallyport-guards-'))
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
  return {
    failuresWithout: async (guard) => {
      const file = join(tree, guard.file)
      const original = readFileSync(file, 'utf8')
      if (original.split(guard.code).length !== 2) {
        throw new Error(`${guard.name}: its code does not stand exactly once in ${guard.file}`)
      }
      writeFileSync(file, original.replace(guard.code, () => guard.without))
      try {
        return await runTests(tree, guard)
      } finally {
        writeFileSync(file, original)
      }
    },
    remove: () => rmSync(tree, { recursive: true, force: true }),
  }
}

async function runTests(tree: string, guard: Guard): Promise<{ failed: readonly string[]; ran: number }> {
  const output = join(tree, 'outcome.json')
  rmSync(output, { force: true })
  const child = spawn(
    process.execPath,
    [join(top, 'node_modules/.bin/vitest'), 'run', ...guard.noticedBy, '--bail=1', '--reporter=json', `--outputFile=${output}`],
    { cwd: tree, stdio: 'ignore' },
  )
  await new Promise((done) => child.once('exit', done))
  const report: unknown = JSON.parse(readFileSync(output, 'utf8'))
  const tests = testsOf(report)
  return {
    ran: tests.length,
    failed: tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  }
}

interface ReportedTest {
  readonly fullName: string
  readonly status: string
}

/** vitest's JSON report has the shape of Jest's. */
function testsOf(report: unknown): readonly ReportedTest[] {
  const { testResults } = report as { testResults: readonly { assertionResults: readonly ReportedTest[] }[] }
  return testResults.flatMap(({ assertionResults }) => assertionResults)
}
