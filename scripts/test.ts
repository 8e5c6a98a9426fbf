import { chmodSync, globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runChecks, runNodeTests, runVitest } from './checks.ts'
import { compileProduct } from './compiled.ts'
import { add, label, type Outcome, summary } from './outcome.ts'
import { top } from './run.ts'
import { asOtherUser } from './unprivileged.ts'

/**
 * Where real boxes are made: what root may do and an ordinary user may not differs here. Of whole servers, those that
 * show boxes at their work, failing, and leaving nothing behind; what starts no box, or refuses before it does, reads
 * the same files and says the same words whoever asks.
 */
const boxSuites = {
  units: ['host', 'egress/clients-in-box', 'egress/parser-in-box', 'egress/listen/caller-in-box'].map(
    (name) => `packages/server/src/${name}`,
  ),
  wholeServers: ['example', 'functions', 'lifecycle'].map((name) => `test/e2e/${name}.test.ts`),
}

/** Its stand-ins have ports of their own, at which two of it would meet: the one has ended before the other begins. */
const example = 'test/e2e/example.test.ts'

const tests = (pattern: string): string[] => globSync(pattern, { cwd: top }).toSorted()

/**
 * Most tests wait, for servers, boxes and deadlines, and few compute: three lanes side by side keep processors busy.
 * Whole servers go first, since most deadlines are theirs; taking guards out uses what the others leave. The checks,
 * which somebody may wait for, and the units print as they go; the other lanes say at the end what they have to say.
 */
async function runAll(): Promise<Outcome> {
  const apart = [example, 'test/rooms.test.ts', 'test/house.test.ts', 'test/guards.test.ts']
  const others = tests('test/**/*.test.ts').filter((file) => !apart.includes(file))
  // What tests leave goes with it, also what they were stopped at. As open as the usual folder: some act as others.
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  chmodSync(folder, 0o1777)
  const plain = { ...process.env, TMPDIR: folder }
  try {
    const environment = await compileProduct(join(folder, 'compiled'), plain)
    const step = { atOnce: true, environment }
    const told = runNodeTests([example], step)
    const lanes = await Promise.all([
      told.then(async (outcome) => add(outcome, await runNodeTests(others, step))),
      runChecks().then(async (checks) => add(checks, await runUnits(told, environment))),
      // Each of its modules is new: to keep what is made of them would be work for nobody.
      runNodeTests(['test/guards.test.ts'], { nice: 15, atOnce: true, environment: plain }),
    ])
    return lanes.reduce(add)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The units of every package; then the box suites once more, once the example has come to its end. */
async function runUnits(told: Promise<Outcome>, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const packages = readdirSync(join(top, 'packages')).map((name) => `packages/${name}`)
  const units = await runVitest([...packages, 'examples/'], { nice: 5, environment })
  await told
  return add(units, await runBoxSuitesAgain())
}

/** The box suites once more with the other kind of user. Only root can do that; else it is a skip with a name. */
async function runBoxSuitesAgain(): Promise<Outcome> {
  if (process.getuid?.() !== 0) {
    const reason = 'this user is not root; run `npm test` as root to have both halves'
    return { passed: 0, failed: [], skipped: [{ name: 'box suites as root', reason }] }
  }
  const user = asOtherUser()
  try {
    const step = { as: user.id, cwd: user.folder, environment: user.environment, nice: 5 }
    process.stdout.write('\nThe box suites again, as an unprivileged user with its own HOME:\n')
    const units = await runVitest(boxSuites.units, step)
    return label('unprivileged', add(units, await runNodeTests(boxSuites.wholeServers, step)))
  } finally {
    user.remove()
  }
}

const outcome = await runAll()
process.stdout.write(`\n${summary(outcome)}`)
process.exitCode = outcome.failed.length === 0 ? 0 : 1
