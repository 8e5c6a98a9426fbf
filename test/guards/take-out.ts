import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { BaseSequencer, createVitest, type TestProject, type TestSpecification, type Vitest } from 'vitest/node'

import type { Guard } from './guard.ts'
import { copyHouse, type HouseCopies } from './house-copies.ts'

/** What the tests said of one guard. */
export interface Verdict {
  /** Why it could not be taken out at all. */
  readonly broken?: string
  /** Which of the tests that should notice ran without it, and which of them failed, by their full names. */
  readonly ran: readonly string[]
  readonly failed: readonly string[]
  readonly control: Control
}

/** What the same tests said with every guard in place. */
export interface Control {
  /** Also those that passed only when they were asked again. */
  readonly passed: readonly string[]
  /** Also when they were asked again. */
  readonly failed: readonly Failure[]
  /** Failed beside all the others, and passed without them: a machine may be too busy for both. */
  readonly failedOnce: readonly Failure[]
}

/** A test that failed, and what it said. */
export interface Failure {
  readonly name: string
  readonly reason: string
}

/**
 * Takes each guard out in a copy of the house of its own and runs the tests that should notice, all in one run: the
 * workers load the installed modules once, and of the house what each copy needs. The controls run last, in workers
 * that have seen every copy, so that what one leaves behind there would fail them too; those that fail are asked once
 * more, without the others.
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
  const said = saidIn(vitest)
  const upset = controls(project, house, guards).filter(({ moduleId }) =>
    said.get(moduleId)?.some(({ state }) => state === 'failed'),
  )
  if (upset.length > 0) await vitest.runTestSpecifications(upset)
  const saidAgain = saidIn(vitest)
  process.exitCode = exitCode
  return new Map(
    guards.map((guard) => {
      const copy = copies.get(guard)
      const of = (all: Said, folder: string, state: string): readonly Case[] =>
        guard.noticedBy
          .flatMap((file) => all.get(join(folder, file)) ?? [])
          .filter((one) => one.name.includes(guard.testName ?? '') && one.state === state)
      const names = (cases: readonly Failure[]): readonly string[] => cases.map(({ name }) => name)
      const passedAgain = new Set(names(of(saidAgain, house.whole, 'passed')))
      const bad = of(said, house.whole, 'failed')
      const failedOnce = bad.filter(({ name }) => passedAgain.has(name))
      const control = {
        passed: names([...of(said, house.whole, 'passed'), ...failedOnce]),
        failed: bad.filter(({ name }) => !passedAgain.has(name)),
        failedOnce,
      }
      if (typeof copy !== 'string') return [guard, { broken: String(copy?.message), ran: [], failed: [], control }]
      const failed = names(of(said, copy, 'failed'))
      return [guard, { ran: [...failed, ...names(of(said, copy, 'passed'))], failed, control }]
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

/** One case of a file, as its last run left it. */
interface Case extends Failure {
  readonly state: string
}

type Said = ReadonlyMap<string, readonly Case[]>

/** A file that does not even load has no cases: it noticed a broken copy, not a missing guard. */
function saidIn(vitest: Vitest): Said {
  return new Map(
    vitest.state.getTestModules().map((module) => [
      module.moduleId,
      [...module.children.allTests()].map((one) => {
        const { state, errors } = one.result()
        return { name: one.fullName, state, reason: errors?.[0]?.message ?? '' }
      }),
    ]),
  )
}

function attempt(make: () => string): string | Error {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
