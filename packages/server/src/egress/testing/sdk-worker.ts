import { subscribe } from 'node:diagnostics_channel'
import { Agent, ClientRequest } from 'node:http'
import { connect, type NetConnectOpts } from 'node:net'
import { parentPort } from 'node:worker_threads'

import * as sdk from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'

import { callerHeader } from '../listen/caller.ts'
import type { SdkCall, SdkResult } from './sdk.ts'

// The unmodified SDK knows nothing but its environment, which is the box's. Only DNS is stood in for.
function agentTo(httpPort: number): Agent {
  const agent = new Agent()
  agent.createConnection = (_options: NetConnectOpts) => connect(httpPort, '127.0.0.1')
  return agent
}

// What the runtime client in a box adds to every request, after the SDK has signed it.
subscribe('http.client.request.created', (message) => {
  const request = typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined
  if (request instanceof ClientRequest) request.setHeader(callerHeader, '1:1')
})

// A message carries no types: each input is what its test says it is.
const commands: Readonly<Record<SdkCall['operation'], (client: sdk.DynamoDBClient, input: never) => Promise<object>>> =
  {
    GetItem: (client, input) => client.send(new sdk.GetItemCommand(input)),
    PutItem: (client, input) => client.send(new sdk.PutItemCommand(input)),
    UpdateItem: (client, input) => client.send(new sdk.UpdateItemCommand(input)),
    Query: (client, input) => client.send(new sdk.QueryCommand(input)),
    Scan: (client, input) => client.send(new sdk.ScanCommand(input)),
    BatchWriteItem: (client, input) => client.send(new sdk.BatchWriteItemCommand(input)),
  }

parentPort?.on('message', (call: Omit<SdkCall, 'input'> & { input: never }) => void answer(call))

async function answer({
  operation,
  input,
  environment,
  httpPort,
}: Omit<SdkCall, 'input'> & { input: never }): Promise<void> {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  const requestHandler = new NodeHttpHandler({ httpAgent: agentTo(httpPort) })
  const client = new sdk.DynamoDBClient({ maxAttempts: 1, requestHandler })
  const result: SdkResult = await commands[operation](client, input).then(
    (output) => ({ name: 'ok', item: 'Item' in output ? output.Item : undefined }),
    (error: Error & { $metadata?: { requestId?: string } }) => ({
      name: error.name,
      message: error.message,
      requestId: error.$metadata?.requestId,
    }),
  )
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(result)
}
