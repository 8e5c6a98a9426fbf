import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

import { startMailApi } from '../../examples/checkout/stand-ins/mail-api.ts'
import { startPaymentApi } from '../../examples/checkout/stand-ins/payment-api.ts'
import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'
import { command } from '../../packages/cli/src/index.ts'
import { endAll, start } from './harness.ts'

const top = join(import.meta.dirname, '../..')

/** The example as it runs, in a copy: whoever works in the checkout keeps state and secrets of their own. */
export interface RunningCheckout {
  readonly folder: string
  close(): Promise<void>
}

/** Starts a copy of the checkout example with its stand-ins and their secrets. */
export async function startCheckout(): Promise<RunningCheckout> {
  // Below our own node_modules, so that the copy finds the installed packages as the original does.
  const base = mkdtempSync(join(top, 'node_modules/.sallyport-e2e-'))
  const folder = join(base, 'checkout')
  const original = join(top, 'examples/checkout')
  const leftOut = new Set(['.sallyport', 'node_modules'])
  cpSync(original, folder, { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
  // A workspace is installed as a link to its folder, which is the original's.
  cpSync(join(folder, 'poisoned-dependency'), join(folder, 'node_modules/checkout-price-format'), { recursive: true })

  const secrets = { 'stripe-key': `sk_test_fake_${random()}`, 'mail-token': `mail-fake-${random()}` }
  const payments = await startPaymentApi(secrets['stripe-key'], 0)
  const mail = await startMailApi(secrets['mail-token'], 0)
  const server = await start({ folder }, { environment: { STRIPE_UPSTREAM: payments.url, MAIL_UPSTREAM: mail.url } })
  // Two admins: a code of the second factor works once in 30 seconds.
  for (const [name, admin] of [
    ['stripe-key', 'ada'],
    ['mail-token', 'grace'],
  ] as const) {
    const { exitCode, stderr } = await command(['secret', 'set', name, '--as', admin, '--app', folder], secrets[name])
    if (exitCode !== 0) throw new Error(stderr)
  }
  return {
    folder,
    close: async () => {
      await server.stop()
      await endAll()
      await payments.close()
      await mail.close()
      rmSync(runtimeFolderFor(join(folder, '.sallyport')), { recursive: true, force: true })
      rmSync(base, { recursive: true, force: true })
    },
  }
}

const random = (): string => randomBytes(12).toString('hex')
