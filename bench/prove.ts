import { compileLayer, type LayerSet, type Proof, type Statement, within } from '@sallyport/core/policy'

// Proofs of containment: A allows what B allows, from half the network, so that A ⊑ B holds and B ⊑ A does not. Ratios
// are to compiling both policies once.

function policy(count: number, prefix: number, shape: (index: number) => Partial<Statement>): LayerSet {
  const Statement = Array.from({ length: count }, (_, index): Statement => ({
    Effect: 'Allow',
    ...shape(index),
    Condition: {
      StringEquals: { 'aws:PrincipalTag/team': `team-${index % 50}` },
      IpAddress: { 'aws:SourceIp': `10.${index % 200}.0.0/${prefix}` },
    },
  }))
  return compileLayer('identity', [{ name: 'policy', document: { Version: '2012-10-17', Statement } }])
}

const shapes: Readonly<Record<string, (index: number) => Partial<Statement>>> = {
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
