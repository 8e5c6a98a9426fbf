import { killing } from '../packages/server/src/host/testing/killing.ts'
import { soak } from '../packages/server/src/host/testing/soak.ts'

// npm run soak [-- COUNT]: a million invocations unless said. Ends with 1 when anything is wrong or left.
const count = Number(process.argv[2] ?? 1_000_000)
if (!Number.isSafeInteger(count) || count < 1) {
  console.error(`soak: ${process.argv[2]} is no count`)
  process.exit(2)
}
const { answered, boxes, wrong, left, tookMs } = await soak(count, (done) => console.log(`${done} invocations`))
const seconds = tookMs / 1_000
console.log(
  `${answered} invocations in ${boxes} boxes, ${seconds.toFixed(0)} s, ${(answered / seconds).toFixed(0)} per second`,
)
const end = await killing({ rounds: Math.ceil(count / 10_000), seed: BigInt(count) })
console.log(`${end.kills} processes killed, of each kind that there is, while ${end.answered} calls were answered`)
for (const line of [...wrong, ...end.wrong].slice(0, 20)) console.error(`wrong: ${line}`)
for (const line of [...left, ...end.left]) console.error(`left: ${line}`)
console.log(
  left.length + end.left.length === 0
    ? 'nothing is left: no process, namespace, descriptor, mount or control group'
    : 'not clean',
)
process.exitCode = wrong.length + left.length + end.wrong.length + end.left.length === 0 ? 0 : 1
