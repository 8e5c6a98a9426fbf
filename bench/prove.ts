import { compileLayer, type LayerSet, type Proof, type Statement, within } from '@sallyport/core/policy'

import { cvc5Version, cvc5Within } from './prove-peer.ts'

// Proofs of containment: A allows what B allows, from half the network, so that A ⊑ B holds and B ⊑ A does not. Ratios
// are to compiling both policies once.

type Shape = (index: number) => Partial<Statement>

function statements(count: number, prefix: number, shape: Shape): readonly Statement[] {
  return Array.from({ length: count }, (_, index): Statement => ({
    Effect: 'Allow',
    ...shape(index),
    Condition: {
      StringEquals: { 'aws:PrincipalTag/team': `team-${index % 50}` },
      IpAddress: { 'aws:SourceIp': `10.${index % 200}.0.0/${prefix}` },
    },
  }))
}

function policy(count: number, prefix: number, shape: Shape): LayerSet {
  const document = { Version: '2012-10-17', Statement: statements(count, prefix, shape) } as const
  return compileLayer('identity', [{ name: 'policy', document }])
}

const shapes: Readonly<Record<string, Shape>> = {
  prefixes: (index) => ({
    Action: [`s3:Get${index}*`, `dynamodb:Put${index}*`],
    Resource: `arn:aws:s3:::bucket-${index}/*`,
  }),
  'stars inside': (index) => ({
    Action: [`s3:Get${index}*`, `dynamodb:Put${index}*`],
    Resource: `arn:aws:s3:::bucket-${index}/${index % 3 === 1 ? '*/x' : '*'}`,
  }),
  'one action, a tenth denied': (index) => ({
    Action: 's3:*',
    Resource: `arn:aws:s3:::bucket-${index}/*`,
    ...(index % 10 === 9 ? { Effect: 'Deny' } : {}),
  }),
}

/** Mean processor time of this thread, after one run to warm up: the machine may be doing other things. */
function meanMs(times: number, run: () => void): number {
  run()
  const before = process.threadCpuUsage()
  for (let count = 0; count < times; count += 1) run()
  const after = process.threadCpuUsage()
  return (after.user + after.system - before.user - before.system) / 1000 / times
}

console.log('| statements | A ⊑ B, holds, ms | B ⊑ A, refuted, ms | × compiling both |\n|---|---|---|---|')
for (const [name, shape] of Object.entries(shapes)) {
  for (const count of [10, 100, 300, 1000]) {
    const times = count < 300 ? 30 : 3
    const [a, b] = [policy(count, 17, shape), policy(count, 16, shape)]
    const proofs: Proof[] = []
    const compiling = meanMs(times * 10, () => void [policy(count, 17, shape), policy(count, 16, shape)])
    const yes = meanMs(times, () => void proofs.push(within(a, b)))
    const no = meanMs(times, () => void proofs.push(within(b, a)))
    // A bench of wrong answers would be none.
    const said = [...new Set(proofs.map(({ holds }) => holds))].join(' ')
    if (said !== 'true false') throw new Error(`${name}, ${count}: ${said}`)
    const ratio = (yes / compiling).toFixed(0)
    console.log(`| ${count} + ${count}, ${name} | ${yes.toFixed(1)} | ${no.toFixed(1)} | ${ratio} |`)
  }
}

const solver = cvc5Version()
if (solver === undefined)
  console.log('\ncvc5 is not compared: its Python package is not installed (CVC5_PYTHON names the Python).')
else {
  const timeoutMs = 60_000
  console.log(`\n| cvc5 ${solver}, statements | A ⊑ B, ms | B ⊑ A, ms |\n|---|---|---|`)
  for (const [name, shape] of Object.entries(shapes)) {
    for (const count of [10, 30, 100]) {
      const [a, b] = [statements(count, 17, shape), statements(count, 16, shape)]
      const cells = [cvc5Within(a, b, timeoutMs), cvc5Within(b, a, timeoutMs)].map(
        ({ ms, said }) => `${ms.toFixed(0)} (${said})`,
      )
      console.log(`| ${count} + ${count}, ${name} | ${cells.join(' | ')} |`)
    }
  }
}
