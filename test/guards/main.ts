import { parseArgs } from 'node:util'

import { type Guard, placesOf } from './guard.ts'
import { guards } from './guards.ts'
import { standsHere } from './here.ts'
import { takeOut, type Verdict } from './take-out.ts'

/**
 * `npm run guards`: how many guards each room has. `npm run guards -- WORD`: takes those out whose name, file or test
 * holds the word, and tells which nobody noticed.
 */
async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [word] = positionals
  if (word === undefined) return print(table())
  const holds = (guard: Guard): boolean => [guard.name, guard.testName, ...filesOf(guard)].join('\n').includes(word)
  const chosen = guards.filter((guard) => standsHere(guard) && holds(guard))
  const verdicts = [...(await takeOut(chosen))].map(([guard, verdict]) => `${wordFor(verdict)}  ${guard.name}`)
  print([...verdicts.toSorted(), `${verdicts.length} guards were taken out`])
  process.exitCode = verdicts.every((line) => line.startsWith('noticed')) && verdicts.length > 0 ? 0 : 1
}

/** One line a room. */
function table(): readonly string[] {
  const counts = new Map<string, number>()
  for (const room of guards.flatMap((guard) => [...new Set(filesOf(guard).map(roomOf))]))
    counts.set(room, (counts.get(room) ?? 0) + 1)
  const width = Math.max(...[...counts.keys()].map(({ length }) => length))
  const lines = [...counts].toSorted(([one], [other]) => one.localeCompare(other))
  return [...lines.map(([room, count]) => `${room.padEnd(width)}  ${count}`), `${guards.length} guards in all`]
}

function filesOf(guard: Guard): readonly string[] {
  return placesOf(guard).map(({ file }) => file)
}

/** `packages/server/src/egress/aws/aws.ts` → `server/egress`. */
function roomOf(file: string): string {
  const [, name = '', , folder = ''] = file.split('/')
  return folder.includes('.') ? name : `${name}/${folder}`
}

function wordFor({ broken, failed, control }: Verdict): string {
  if (broken !== undefined) return `BROKEN (${broken})`
  if (control.failed.length > 0) return `FAILS ANYWAY (${control.failed[0]?.reason})`
  return failed.some((name) => control.passed.includes(name)) ? 'noticed' : 'NOT NOTICED'
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

await main()
