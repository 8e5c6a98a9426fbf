import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { copyHouse } from '../guards/house-copies.ts'
import { readImporters } from '../guards/imports.ts'
import { instrument } from './instrument.ts'
import type { Finding } from './job.ts'
import type { Chosen, Mutant } from './mutants.ts'
import { nearestTests } from './nearest.ts'
import { endJobs, runJob } from './processes.ts'

/** How hard it is tried to have a mutant noticed. */
export interface Limits {
  /** By so many test files at most, the nearest. */
  readonly tests: number
  /** For so long at most the cases of one test file are run for one mutant. */
  readonly maxMsPerMutant: number
  readonly processes: number
}

/** What became of a mutant. */
export interface Fate {
  readonly mutant: Mutant
  /** The case that failed, or what else happened. */
  noticedBy?: string
  /** The test files that reach it, and did not notice. */
  readonly passedBy: string[]
  /** Some cases that reach it were not run, since that would have taken too long. */
  partly: boolean
}

/** Tries every mutant; `tell` hears how it goes. */
export async function search(
  { mutants, texts }: Chosen,
  limits: Limits,
  tell: (line: string) => void,
): Promise<readonly Fate[]> {
  const house = copyHouse()
  const endHouse = (): void =>
    void endJobs().then(() => {
      house.remove()
      process.exit(130)
    })
  process.once('SIGINT', endHouse).once('SIGTERM', endHouse)
  try {
    const importers = readImporters(house.whole)
    for (const [file, text] of texts) {
      const own = mutants.filter((mutant) => mutant.file === file)
      writeFileSync(join(house.whole, file), instrument(text, own))
    }
    const nearest = new Map(
      [...texts.keys()].map((file) => [file, nearestTests(file, importers).slice(0, limits.tests)] as const),
    )
    return await new Search(house.root, mutants, nearest, limits, tell).run()
  } finally {
    process.off('SIGINT', endHouse).off('SIGTERM', endHouse)
    house.remove()
  }
}

/** The state of one search. */
class Search {
  readonly #root: string
  readonly #fates: ReadonlyMap<number, Fate>
  readonly #nearest: ReadonlyMap<string, readonly string[]>
  readonly #limits: Limits
  readonly #tell: (line: string) => void
  /** Of those that happen only while modules are loaded: the first test file that saw so. */
  readonly #once = new Map<number, string>()
  readonly #spoilers = new Set<number>()
  /** Of each test file: the cases that fail with no mutant awake. */
  readonly #failing = new Map<string, readonly string[]>()

  constructor(
    root: string,
    mutants: readonly Mutant[],
    nearest: ReadonlyMap<string, readonly string[]>,
    limits: Limits,
    tell: (line: string) => void,
  ) {
    this.#root = root
    this.#fates = new Map(mutants.map((mutant) => [mutant.id, { mutant, passedBy: [], partly: false }]))
    this.#nearest = nearest
    this.#limits = limits
    this.#tell = tell
  }

  async run(): Promise<readonly Fate[]> {
    await this.#each(this.#testsInOrder(), (file) => this.#try(file))
    const open = [...this.#once].filter(([id]) => this.#isOpen(id) && this.#fates.get(id)?.passedBy.length === 0)
    this.#tell(`${open.length} happen while modules are loaded: each in a process of its own`)
    await this.#each(open, ([id, file]) => this.#fromTheStart(id, file))
    return [...this.#fates.values()]
  }

  /** Every test file that is near to some file, those that are nearest to one first. */
  #testsInOrder(): readonly string[] {
    const ranks = new Map<string, number>()
    for (const tests of this.#nearest.values()) {
      for (const [rank, test] of tests.entries()) ranks.set(test, Math.min(rank, ranks.get(test) ?? rank))
    }
    return [...ranks].toSorted(([a, one], [b, other]) => one - other || a.localeCompare(b)).map(([test]) => test)
  }

  async #each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    const rest = items.values()
    const one = async (): Promise<void> => {
      for (const item of rest) await work(item)
    }
    await Promise.all(Array.from({ length: this.#limits.processes }, one))
  }

  #isOpen(id: number): boolean {
    return this.#fates.get(id)?.noticedBy === undefined
  }

  async #try(file: string): Promise<void> {
    const near = [...this.#fates.values()].filter(
      ({ mutant }) => this.#isOpen(mutant.id) && this.#nearest.get(mutant.file)?.includes(file) === true,
    )
    const open = new Set(near.map(({ mutant }) => mutant.id))
    const [startedAt, asked] = [performance.now(), open.size]
    let again = open.size > 0
    while (again) {
      let trying: number | undefined
      let knows = false
      const end = await this.#run(file, [...open], false, (finding) => {
        if (finding.kind === 'reached') {
          knows = true
          this.#learn(file, finding, open)
        } else if (finding.kind === 'trying') {
          trying = finding.id
        } else {
          trying = undefined
          open.delete(finding.id)
          this.#hear(file, finding, open)
        }
      })
      if (!knows) this.#tell(`${file}: it could not be run (${end})`)
      if (trying !== undefined) {
        this.#notice(trying, end === 'silent' ? 'its waiting in vain' : 'the end of its process')
        open.delete(trying)
      }
      again = knows && (end !== 'done' || trying !== undefined) && open.size > 0
    }
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    const left = near.filter(({ mutant }) => this.#isOpen(mutant.id)).length
    if (asked > 0) this.#tell(`${file}: ${asked - left} of ${asked} noticed, ${seconds} s`)
  }

  #learn(file: string, finding: Finding & { kind: 'reached' }, open: Set<number>): void {
    const reached = new Set(finding.ids)
    for (const id of finding.once) if (open.has(id) && !this.#once.has(id)) this.#once.set(id, file)
    for (const id of open) if (!reached.has(id)) open.delete(id)
    const names = [...new Set(finding.failed)]
    this.#failing.set(file, names)
    if (names.length > 0) this.#tell(`${file}: these are of no use, since they fail anyway: ${names.join('; ')}`)
  }

  #hear(file: string, finding: Exclude<Finding, { kind: 'reached' | 'trying' }>, open: Set<number>): void {
    const { id } = finding
    const fate = this.#fates.get(id)
    if (finding.kind === 'noticed') this.#notice(id, finding.by)
    else if (finding.kind === 'once' && !this.#once.has(id)) this.#once.set(id, file)
    else if (finding.kind === 'passed' && fate !== undefined) {
      fate.passedBy.push(file)
      fate.partly ||= finding.partly
    } else if (finding.kind === 'spoilt') {
      // In a process that had seen no other mutant the case that failed did so for this one.
      if (this.#spoilers.has(id)) return this.#notice(id, finding.by)
      this.#spoilers.add(id)
      const others = [...open]
      open.clear()
      for (const one of [id, ...others]) open.add(one)
    }
  }

  async #fromTheStart(id: number, file: string): Promise<void> {
    const fate = this.#fates.get(id)
    const end = await this.#run(file, [id], true, (finding) => {
      if (finding.kind === 'noticed') this.#notice(id, finding.by)
      if (finding.kind === 'passed') fate?.passedBy.push(file)
    })
    if (end === 'silent') this.#notice(id, 'its waiting in vain')
    else if (fate?.passedBy.length === 0) this.#notice(id, 'the end of its process')
  }

  #notice(id: number, by: string): void {
    const fate = this.#fates.get(id)
    if (fate !== undefined) fate.noticedBy ??= by
  }

  #run(
    file: string,
    mutants: readonly number[],
    fromTheStart: boolean,
    hear: (finding: Finding) => void,
  ): Promise<string> {
    const { maxMsPerMutant } = this.#limits
    const [root, last, failing] = [this.#root, this.#fates.size, this.#failing.get(file) ?? []]
    return runJob({ root, file, mutants, fromTheStart, failing, last, maxMsPerMutant }, hear)
  }
}
