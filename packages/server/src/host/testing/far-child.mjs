// A function's process on a machine that is not ours: takes one event at a time from its parent, and runs the probe.
import { handler } from './probes.mjs'

let answering

process.on('unhandledRejection', (error) => {
  answering?.({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: report(error).errorMessage })
})
process.on('message', (message) => void run(message))

async function run({ event, deadline }) {
  answering = (failure) => process.send({ failure: { ...failure, stackTrace: failure.stackTrace ?? [] } })
  try {
    const value = await handler(event, { getRemainingTimeInMillis: () => deadline - Date.now() })
    process.send({ value })
  } catch (error) {
    answering(report(error))
  }
}

function report(error) {
  const stackTrace = error.stack.split('\n').slice(1)
  return { errorType: error.name, errorMessage: error.message, stackTrace }
}
