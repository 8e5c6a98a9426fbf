import { makeEngine } from './make-engine.ts'

// Started as a process of its own and killed: nothing of it may stay. Says the pids of its boxes when they serve.
const under = await makeEngine()
await under.deploy({ warmBoxes: 2, maxBoxes: 3 })
await under.call({ probe: 'echo' })
process.stdout.write(`${JSON.stringify(under.events.map(({ detail }) => detail))}\n`)
setInterval(() => undefined, 1_000)
