// The function's runtime client inside workerd: a worker of its own, which alone is bound to the Lambda Runtime API.
// It asks for one invocation after the other and gives each to the function's worker as a web request. workerd gives
// a `test` function as long as it likes, and no request from outside is needed to begin.
import { eventResponse, requestOf } from './fetch-events.mjs'

const api = 'http://runtime/2018-06-01/runtime/invocation'

export default {
  async test(_, env) {
    for (;;) {
      const next = await env.RUNTIME.fetch(`${api}/next`)
      if (next.status !== 200) throw new Error(`the host answered with ${next.status}`)
      const id = next.headers.get('lambda-runtime-aws-request-id')
      const { kind, body } = await run(env, await next.text())
      const taken = await env.RUNTIME.fetch(`${api}/${id}/${kind}`, { method: 'POST', body })
      await taken.arrayBuffer()
    }
  },
}

async function run(env, text) {
  try {
    const event = JSON.parse(text)
    const response = await env.FUNCTION.fetch(new Request(requestOf(event), { redirect: 'manual' }))
    if (response.headers.has('sallyport-failure')) return { kind: 'error', body: await response.text() }
    return { kind: 'response', body: JSON.stringify(await eventResponse(response, event)) }
  } catch (error) {
    // workerd ended the request: code that hangs, or that asked to exit.
    return {
      kind: 'error',
      body: JSON.stringify({ errorType: error.name, errorMessage: error.message, stackTrace: [] }),
    }
  }
}
