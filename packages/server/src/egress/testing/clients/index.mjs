// Unmodified clients, called as their documentation shows: none knows of a door. Built and run in a real box.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { lookup } from 'node:dns/promises'
import { request } from 'node:https'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'

import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import axios from 'axios'
import got from 'got'
import pg from 'pg'
import { Stripe } from 'stripe'

const path = '/v1/payment_intents'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const payOrder = {
  TableName: 'Orders',
  Key: { customer: { S: 'alice' }, id: { S: 'o1' } },
  UpdateExpression: 'SET #s = :paid',
  ExpressionAttributeNames: { '#s': 'status' },
  ExpressionAttributeValues: { ':paid': { S: 'paid' } },
  ReturnValues: 'UPDATED_NEW',
}
const urllib = `
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], data=b"amount=1", timeout=5).read().decode(), end="")
`
// No endpoint where the door is meant: old ones dial AWS's own name, newer ones read AWS_ENDPOINT_URL.
const boto3 = `
import json, sys, boto3
from botocore.config import Config
other = {"endpoint_url": "https://" + sys.argv[2]} if sys.argv[2] else {}
table = boto3.client("dynamodb", config=Config(connect_timeout=5, retries={"max_attempts": 0}), **other)
print(json.dumps({"id": table.update_item(**json.loads(sys.argv[1]))["Attributes"]["status"]["S"]}))
`
const python = (script, ...argv) => execFileSync('/usr/bin/python3', ['-c', script, ...argv], { encoding: 'utf8' })

const clients = {
  fetch: async (host) =>
    (await fetch(`https://${host}${path}`, { method: 'POST', body: 'amount=1', headers: form })).text(),
  'plain fetch': async (host) =>
    (await fetch(`http://${host}${path}`, { method: 'POST', body: 'amount=1', headers: form })).text(),
  https: (host) =>
    new Promise((resolve, reject) => {
      const message = request({ host, path, method: 'POST', headers: form }, (response) => resolve(text(response)))
      message.on('error', reject).end('amount=1')
    }),
  // As programs do that read no variable, and nothing but what the system trusts.
  'system store': (host) =>
    new Promise((resolve, reject) => {
      const ca = readFileSync('/etc/ssl/certs/ca-certificates.crt')
      const message = request({ host, path, method: 'POST', ca, headers: form }, (response) => resolve(text(response)))
      message.on('error', reject).end('amount=1')
    }),
  'many at once': async (host) => {
    const one = async () => (await fetch(`https://${host}${path}`, { method: 'POST', body: 'amount=1' })).json()
    const all = await Promise.all(Array.from({ length: 150 }, one))
    return JSON.stringify({ id: [...new Set(all.map(({ id }) => id))].join() })
  },
  http2: (host) =>
    new Promise((resolve, reject) => {
      const session = connect(`https://${host}`).on('error', reject)
      const stream = session.request({ ':method': 'POST', ':path': path, ...form })
      stream.on('error', reject).end('amount=1')
      text(stream)
        .then(resolve, reject)
        .finally(() => session.close())
    }),
  axios: async (host) =>
    JSON.stringify((await axios.post(`https://${host}${path}`, new URLSearchParams({ amount: '1' }))).data),
  got: async (host) =>
    JSON.stringify(await got.post(`https://${host}${path}`, { form: { amount: 1 }, retry: { limit: 0 } }).json()),
  stripe: async (host) => {
    const stripe = new Stripe('no key', { host, maxNetworkRetries: 0, timeout: 5_000 })
    return JSON.stringify(await stripe.paymentIntents.create({ amount: 1, currency: 'chf' }))
  },
  urllib: async (host) => python(urllib, `https://${host}${path}`),
  'aws-sdk': async (host) => {
    const client = new DynamoDBClient({ maxAttempts: 1, ...(host === '' ? {} : { endpoint: `https://${host}` }) })
    const { Attributes } = await client.send(new UpdateItemCommand(payOrder))
    return JSON.stringify({ id: Attributes.status.S })
  },
  boto3: async (host) => python(boto3, JSON.stringify(payOrder), host),
  itself: async () => {
    const { address } = await lookup(hostname())
    return JSON.stringify({ id: address })
  },
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
