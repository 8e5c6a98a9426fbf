import { spawn } from 'node:child_process'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'

// npm run bench [-- NAME…]: each benchmark in a process of its own, one after the other. bench/RESULTS.md keeps the
// figures of one such run with the machine they were taken on.

const all = [
  'policy',
  'prove',
  'walk',
  'revoke',
  'identity',
  'workloads',
  'ledger',
  'egress',
  'floods',
  'neighbours',
  'host',
  'throughput',
  'up',
]
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`bench: no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}

console.log(
  `Node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
)
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n## ${name} (load before: ${loadavg()[0]?.toFixed(1)})\n`)
  const file = join(import.meta.dirname, `${name}.ts`)
  const child = spawn(process.execPath, ['-C', 'source', file], { stdio: 'inherit' })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (code !== 0) process.exitCode = 1
}
