// Stands before the function in its own worker: tells a throw with its stack, and awaits what was promised for later,
// because exits end with the answer. Whatever of it the function forges mislabels nothing but the function's own answer.
import service from './index.mjs'

export default {
  async fetch(request, env, context) {
    const waiting = []
    const waitUntil = (promise) => void waiting.push(promise)
    try {
      if (typeof service?.fetch !== 'function') throw new TypeError('there is no default object with a fetch function')
      const response = await service.fetch(request, env, {
        waitUntil,
        passThroughOnException: () => {},
        props: context.props,
      })
      if (!(response instanceof Response)) throw new TypeError('fetch must answer with a Response')
      const body = response.body === null ? null : await response.arrayBuffer()
      await Promise.allSettled(waiting)
      return new Response(body, response)
    } catch (error) {
      const stackTrace = typeof error?.stack === 'string' ? error.stack.split('\n').slice(1, 40) : []
      const report = { errorType: String(error?.name ?? typeof error), errorMessage: String(error?.message ?? error) }
      return Response.json({ ...report, stackTrace }, { status: 500, headers: { 'sallyport-failure': 'yes' } })
    }
  },
}
