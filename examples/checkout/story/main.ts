import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'
import { findRunningApp, openCanaries, startApp } from '@sallyport/cli'

import { startMailApi } from '../stand-ins/mail-api.ts'
import { startPaymentApi } from '../stand-ins/payment-api.ts'
import { type Evidence, judge, readEvidence, type Verdict } from './evidence.ts'
import { readOptions, type StoryOptions, wordsOf } from './options.ts'
import { judgePoison, poisonExpectations, printedBy, runControls } from './poison.ts'
import { openStage, type Played } from './stage.ts'
import { steps } from './steps.ts'
import { poisonTable, storyTable } from './table.ts'

const folder = join(import.meta.dirname, '..')
const house = join(folder, '../..')
/** The port at which the poisoned dependency looks for something on the host's own loopback. */
const canaryPort = 8483
const poisonPatienceMs = 8_000

/** Runs the story once. Gives the first thing that was not as stated. What it starts, it adds to `closing`. */
async function tell(
  { once, port, issuerPort }: StoryOptions,
  closing: (() => Promise<unknown>)[],
): Promise<string | undefined> {
  const startedAt = performance.now()
  const since = Date.now()
  if ((await findRunningApp(folder)) !== undefined)
    return 'the app runs already; stop that one first (Ctrl-C where it was started)'
  await keepPreviousState()
  const secrets = { 'stripe-key': `sk_test_fake_${random()}`, 'mail-token': `mail-fake-${random()}` }
  const canaries = await openCanaries({ tcpPort: canaryPort, nowMs: since })
  closing.push(() => canaries.close())
  const payments = await startPaymentApi(secrets['stripe-key'], 8481)
  closing.push(() => payments.close())
  const mail = await startMailApi(secrets['mail-token'], 8482)
  closing.push(() => mail.close())
  const app = await startApp({
    folder,
    port,
    issuerPort,
    // What is set already wins: with a real key, STRIPE_UPSTREAM=https://api.stripe.com charges at Stripe.
    environment: {
      STRIPE_UPSTREAM: process.env['STRIPE_UPSTREAM'] ?? payments.url,
      MAIL_UPSTREAM: process.env['MAIL_UPSTREAM'] ?? mail.url,
    },
    write: () => undefined,
  })
  closing.push(() => app.close())
  print(`${app.status.isolation}; ledger: ${app.status.ledger}`)
  print(`stand-ins, not the real services: payments ${payments.url}, mail ${mail.url}`)
  print('')

  const stage = openStage(app, secrets)
  const played: Played[] = []
  for (const step of steps) played.push(await step.play(stage))
  const evidence = await whenPoisonHasSpoken()
  const hitsFromInside = [...canaries.hits]
  const verdicts = steps.map((step, index): Verdict =>
    judge(step, played[index] ?? { text: 'not played' }, evidence, since),
  )
  print(storyTable(verdicts))
  print('')
  const poison = judgePoison(evidence, await runControls(canaries), hitsFromInside)
  print('the poisoned dependency of storefront (examples/checkout/poisoned-dependency):')
  print(poisonTable(poison))
  print('')
  const keyless = payments.seen.every(({ headers }) => headers['authorization'] === `Bearer ${secrets['stripe-key']}`)
  const total = performance.now() - startedAt
  print(`${setupTimes()}app up in ${seconds(app.startedInMs)}, the whole story in ${seconds(total)}`)
  const wrongStep = verdicts.find(({ difference }) => difference !== undefined)
  const wrongRoute = poison.find(({ difference }) => difference !== undefined)
  const difference =
    (wrongStep && `${wrongStep.step.who} ${wrongStep.step.does}: ${wrongStep.difference}`) ??
    (wrongRoute && `poison ${wrongRoute.poison}: ${wrongRoute.difference}`) ??
    (keyless ? undefined : 'the payment API saw another key than the door’s')
  print(
    difference === undefined
      ? `all ${steps.length} steps and ${poison.length} attempts came out as stated`
      : `NOT AS STATED: ${difference}`,
  )
  if (once) return difference

  const refused = verdicts.find(({ step }) => step.expect === 'deny' && step.who === 'bob')?.decision?.id ?? '--last'
  print('')
  print(`  shop     ${app.gateway}`)
  print(`  sign-in  ${app.status.issuer}`)
  print(`  trust    ${relative(house, app.status.caFile)}`)
  print('next, in another terminal:')
  print(`  npx sallyport why ${refused} --app examples/checkout`)
  print('  npx sallyport can payments stripe.charge --app examples/checkout')
  print('  npx sallyport attack examples/checkout')
  print('Ctrl-C stops everything.')
  await new Promise(() => undefined)
  return difference
}

/** The probes are patient, and a child that is left behind speaks last. */
async function whenPoisonHasSpoken(): Promise<Evidence> {
  for (const until = performance.now() + poisonPatienceMs; ; await sleep(500)) {
    const evidence = await readEvidence(folder)
    const heard = new Set(
      printedBy(evidence)
        .filter(({ when }) => when === 'call')
        .map(({ poison }) => poison),
    )
    if (poisonExpectations.every(({ poison }) => heard.has(poison)) || performance.now() > until) return evidence
  }
}

/** The story starts with an empty state, or ada would still be elevated from the last time. The old one is kept. */
async function keepPreviousState(): Promise<void> {
  const state = join(folder, '.sallyport')
  if (!existsSync(state)) return
  const aside = join(folder, `.sallyport/../.sallyport-${random()}`)
  await rm(join(state, 'previous'), { recursive: true, force: true })
  await rename(state, aside)
  await mkdir(state, { mode: 0o700 })
  await rename(aside, join(state, 'previous'))
}

/** What scripts/setup spent on the network before us, if it ran. */
function setupTimes(): string {
  const file = join(house, 'node_modules/.sallyport-setup-times')
  if (!existsSync(file)) return ''
  const text = readFileSync(file, 'utf8').trim().replaceAll('\n', ', ')
  return text === '' ? '' : `set-up (network time, not counted): ${text}\n`
}

const random = (): string => randomBytes(12).toString('hex')
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const closing: (() => Promise<unknown>)[] = []
let ending: Promise<void> | undefined
/** Ends whatever was started, last first, exactly once. */
function end(code: number): Promise<void> {
  ending ??= (async () => {
    for (const close of closing.toReversed()) await close()
    process.exit(code)
  })()
  return ending
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => void end(code))

try {
  const difference = await tell(readOptions(process.argv.slice(2)), closing)
  if (difference !== undefined) process.stderr.write(`the story did not come out as stated: ${difference}\n`)
  await end(difference === undefined ? 0 : 1)
} catch (error) {
  process.stderr.write(`${wordsOf(error)}\n`)
  await end(error instanceof SallyportError && error.code === 'cli.usage' ? 2 : 1)
}
