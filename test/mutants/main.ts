import { parseArgs } from 'node:util'

import { houseRoot } from '../house/source-tree.ts'
import { acceptedFor } from './accepted.ts'
import { chooseMutants } from './mutants.ts'
import { roomOf } from './nearest.ts'
import { type Fate, search } from './search.ts'

/**
 * `npm run mutants -- core/identity`: takes out, one at a time, what refuses or bounds in the files whose path begins
 * so, and prints what no test noticed. `--kind guard` for one kind of them (or several), `--every 10` for each tenth,
 * `--count` to try none; a mutant is shown to the 12 nearest test files, and the cases of each are given 3 seconds,
 * unless `--tests` and `--seconds` say otherwise.
 */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      kind: { type: 'string', multiple: true, default: [] },
      every: { type: 'string', default: '1' },
      tests: { type: 'string', default: '12' },
      seconds: { type: 'string', default: '3' },
      count: { type: 'boolean', default: false },
    },
  })
  const chosen = chooseMutants(houseRoot, { words: positionals, kinds: values.kind, every: Number(values.every) })
  const { mutants, texts, covered } = chosen
  print([`${mutants.length} mutants in ${texts.size} files; ${covered} more stand in test/guards`])
  if (values.count || mutants.length === 0) return
  const limits = { tests: Number(values.tests), maxMsPerMutant: 1000 * Number(values.seconds), processes: 2 }
  const fates = await search(chosen, limits, (line) => process.stderr.write(`${line}\n`))
  const survivors = fates.filter((fate) => becameOf(fate) === 'survive')
  const passed = survivors.filter(({ passedBy }) => passedBy.length > 0)
  const missed = survivors.filter(({ passedBy }) => passedBy.length === 0)
  print(['', `Reached by cases that pass without it (${passed.length}):`, ...passed.map(lineFor)])
  print([
    '',
    `Reached by no case of the ${limits.tests} nearest test files (${missed.length}):`,
    ...missed.map(lineFor),
  ])
  print(['', ...table(fates)])
  process.exitCode = survivors.length === 0 ? 0 : 1
}

function becameOf({ mutant, noticedBy }: Fate): 'noticed' | 'accepted' | 'survive' {
  if (noticedBy !== undefined) return 'noticed'
  return acceptedFor(mutant) === undefined ? 'survive' : 'accepted'
}

function lineFor({ mutant, partly }: Fate): string {
  const { file, line, kind, code } = mutant
  return `${file}:${line}  ${kind}  ${code}${partly ? '  (not all cases were run)' : ''}`
}

/** One line a room. */
function table(fates: readonly Fate[]): readonly string[] {
  return [...Map.groupBy(fates, ({ mutant }) => roomOf(mutant.file))].map(([room, all]) => {
    const of = (word: ReturnType<typeof becameOf>): number => all.filter((fate) => becameOf(fate) === word).length
    const became = `${of('noticed')} noticed, ${of('accepted')} accepted, ${of('survive')} survive`
    return `${room}: ${all.length} mutants, ${became}`
  })
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

await main()
