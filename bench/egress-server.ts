import { readdirSync, readFileSync } from 'node:fs'

import { openHarness } from '../packages/server/src/egress/testing/harness.ts'
import { realParsers } from '../packages/server/src/host/testing/real-parsers.ts'
import { setRuntimeFlags } from '../packages/server/src/start/index.ts'

// The server of `egress`, alone in its process as it is in use, and a parser for each of three boxes. Told anything, it
// says what processor time it and they have taken so far, in microseconds.

setRuntimeFlags() // as the server does

const upstream = `http://127.0.0.1:${process.argv[2]}`
const parsers = await realParsers()
const { channelTo } = parsers
const plain = await openHarness({
  channelTo,
  upstream,
  manifest: (text) => text.slice(0, text.indexOf('only:  ')).replace('https://api.stripe.com', 'http://localhost'),
})
const secured = await openHarness({ channelTo, upstream })
const orders = await openHarness({ channelTo, functionName: 'orders' })
const boxes = [plain, secured, orders]
const pids = parsers.started.map(({ pid }) => innermost(pid ?? 0))

process.on('message', () => {
  for (const { decisions, others, calls } of boxes) for (const kept of [decisions, others, calls]) kept.length = 0
  const { user, system } = process.cpuUsage()
  process.send?.({ server: user + system, parsers: pids.map(microsecondsOf) })
})
process.on('disconnect', () => {
  void Promise.all(boxes.map((box) => box.close()))
    .then(() => parsers.close())
    .then(() => process.exit())
})
process.send?.({ plain: plain.httpPort, secured: secured.httpsPort, orders: orders.httpPort, caPem: secured.caPem })

/** Of a process that stands in a sandbox, which is the child of what made it. */
function innermost(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return child === undefined || child === '' ? pid : innermost(Number(child))
}

/** proc(5): the first number of `schedstat` is what a thread has run, in nanoseconds. */
function microsecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const ran = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return ran.reduce((sum, each) => sum + each, 0) / 1_000
}
