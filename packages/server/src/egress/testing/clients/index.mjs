// A function as people write them: it knows where it wants to go, and nothing of doors. Built and run in a real box.
import { execFileSync } from 'node:child_process'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'

import pg from 'pg'
import { Stripe } from 'stripe'

const path = '/v1/payment_intents'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const script = `
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], data=b"amount=1", timeout=5).read().decode(), end="")
`

const clients = {
  fetch: async (host) =>
    (await fetch(`https://${host}${path}`, { method: 'POST', body: 'amount=1', headers: form })).text(),
  https: (host) =>
    new Promise((resolve, reject) => {
      const message = request({ host, path, method: 'POST', headers: form }, (response) => resolve(text(response)))
      message.on('error', reject).end('amount=1')
    }),
  http2: (host) =>
    new Promise((resolve, reject) => {
      const session = connect(`https://${host}`).on('error', reject)
      const stream = session.request({ ':method': 'POST', ':path': path, ...form })
      stream.on('error', reject).end('amount=1')
      text(stream)
        .then(resolve, reject)
        .finally(() => session.close())
    }),
  stripe: async (host) => {
    const stripe = new Stripe('no key', { host, maxNetworkRetries: 0, timeout: 5_000 })
    return JSON.stringify(await stripe.paymentIntents.create({ amount: 1, currency: 'chf' }))
  },
  python: async (host) =>
    execFileSync('/usr/bin/python3', ['-c', script, `https://${host}${path}`], { encoding: 'utf8' }),
  pg: async (host) => {
    const client = new pg.Client({ host, database: 'any', connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    await client.connect()
    const { rows } = await client.query("select current_setting('sallyport.user') as id")
    await client.end()
    return JSON.stringify(rows[0])
  },
}

export const handler = async ({ client, host }) => {
  try {
    return { answered: JSON.parse(await clients[client](host)).id }
  } catch (error) {
    return { failed: String(error.code ?? error.message ?? error) }
  }
}
