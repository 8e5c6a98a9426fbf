import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import {
  BaseSequencer,
  createVitest,
  type TestCase,
  type TestProject,
  type TestSpecification,
  type Vitest,
} from 'vitest/node'

import type { Guard } from './guard.ts'
import { copyHouse, type HouseCopies } from './house-copies.ts'

/** What the tests said of one guard. */
export interface Verdict {
  /** Why it could not be taken out at all. */
  readonly broken?: string
  /** Which of the tests that should notice ran without it, and which of them failed, by their full names. */
  readonly ran: readonly string[]
  readonly failed: readonly string[]
  /** Which of the same tests pass with every guard in place, and which do not: the control. */
  readonly control: { readonly passed: readonly string[]; readonly failed: readonly string[] }
}

/**
 * Takes each guard out in a copy of the house of its own and runs the tests that should notice, all in one run: the
 * workers load the installed modules once, and of the house what each copy needs. The controls run last, in workers
 * that have seen every copy, so that what one leaves behind there would fail them too.
 */
export async function takeOut(guards: readonly Guard[]): Promise<ReadonlyMap<Guard, Verdict>> {
  const house = copyHouse()
  try {
    const vitest = await createVitest(
      'test',
      {
        root: house.root,
        config: join(house.root, 'vitest.config.ts'),
        watch: false,
        // Some mutations are noticed by waiting in vain: not for as long as a test may hang elsewhere.
        testTimeout: 10_000,
        hookTimeout: 10_000,
        expect: { poll: { timeout: 1_000 } },
        setupFiles: [join(import.meta.dirname, 'patience.ts')],
        // Most of them wait, some for all of that time: while they do, others use the processors.
        maxWorkers: 4 * availableParallelism(),
        sequence: { sequencer: AsGiven },
        reporters: [{}],
      },
      { server: { watch: null } },
    )
    try {
      await vitest.standalone()
      return await verdicts(vitest, house, guards)
    } finally {
      await vitest.close()
    }
  } finally {
    house.remove()
  }
}

class AsGiven extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return specifications
  }
}

async function verdicts(
  vitest: Vitest,
  house: HouseCopies,
  guards: readonly Guard[],
): Promise<ReadonlyMap<Guard, Verdict>> {
  const project = vitest.getRootProject()
  const copies = new Map(guards.map((guard) => [guard, attempt(() => house.without(guard))]))
  const mutants = guards.flatMap((guard) => {
    const copy = copies.get(guard)
    const pattern = guard.testName === undefined ? {} : { testNamePattern: new RegExp(RegExp.escape(guard.testName)) }
    return copy instanceof Error || copy === undefined
      ? []
      : guard.noticedBy.map((file) => project.createSpecification(join(copy, file), pattern))
  })
  const { exitCode } = process // these failures are what we want to see, and not our own
  await vitest.runTestSpecifications([...mutants, ...controls(project, house, guards)])
  process.exitCode = exitCode
  const cases = casesByFile(vitest)
  return new Map(
    guards.map((guard) => {
      const copy = copies.get(guard)
      const belongs = ({ fullName }: TestCase): boolean => fullName.includes(guard.testName ?? '')
      const of = (folder: string, state: string): readonly string[] =>
        guard.noticedBy
          .flatMap((file) => cases.get(join(folder, file)) ?? [])
          .filter((one) => belongs(one) && one.result().state === state)
          .map(({ fullName }) => fullName)
      const control = { passed: of(house.whole, 'passed'), failed: of(house.whole, 'failed') }
      if (typeof copy !== 'string') return [guard, { broken: String(copy?.message), ran: [], failed: [], control }]
      const failed = of(copy, 'failed')
      return [guard, { ran: [...failed, ...of(copy, 'passed')], failed, control }]
    }),
  )
}

/** The same tests in the whole house, each file once. */
function controls(project: TestProject, house: HouseCopies, guards: readonly Guard[]): readonly TestSpecification[] {
  return [...new Set(guards.flatMap(({ noticedBy }) => noticedBy))].map((file) => {
    const names = guards.filter(({ noticedBy }) => noticedBy.includes(file)).map(({ testName = '' }) => testName)
    const testNamePattern = new RegExp([...new Set(names)].map((name) => RegExp.escape(name)).join('|'))
    return project.createSpecification(join(house.whole, file), { testNamePattern })
  })
}

/** A file that does not even load has no cases: it noticed a broken copy, not a missing guard. */
function casesByFile(vitest: Vitest): ReadonlyMap<string, readonly TestCase[]> {
  return new Map(vitest.state.getTestModules().map((module) => [module.moduleId, [...module.children.allTests()]]))
}

function attempt(make: () => string): string | Error {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
