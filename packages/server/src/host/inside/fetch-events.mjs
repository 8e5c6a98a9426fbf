// Between events of API Gateway and web requests, for the clients of runtimes that serve a `fetch` function.
import { Buffer } from 'node:buffer'

const textual = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded|[^;]*\+(json|xml)))/i

/** API Gateway payload 2.0, or 1.0 and load balancer events with their multi-value members, as a web Request. */
export function requestOf(event) {
  const http = event?.requestContext?.http
  const method = http?.method ?? event?.httpMethod
  if (typeof method !== 'string') throw noRequest()
  const headers = new Headers()
  for (const [name, value] of Object.entries(event.headers ?? {})) headers.set(name, String(value))
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
    headers.delete(name)
    for (const value of values) headers.append(name, value)
  }
  if (event.cookies?.length > 0) headers.set('cookie', event.cookies.join('; '))
  const authority = event.requestContext?.domainName ?? headers.get('host') ?? 'localhost'
  const query = http ? (event.rawQueryString ?? '') : queryOf(event)
  const url = `https://${authority}${event.rawPath ?? event.path ?? '/'}${query === '' ? '' : `?${query}`}`
  const bodiless = method === 'GET' || method === 'HEAD' || event.body === undefined || event.body === null
  const body = bodiless ? null : Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8')
  return new Request(url, { method, headers, body })
}

/** Without a stack: it would name no line of the function. */
function noRequest() {
  const words = 'the event is no HTTP request (requestContext.http); a function that exports a handler takes any event'
  return Object.assign(new TypeError(words), { stack: undefined })
}

function queryOf(event) {
  const single = Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, [value]])
  const all = { ...Object.fromEntries(single), ...event.multiValueQueryStringParameters }
  return new URLSearchParams(
    Object.entries(all).flatMap(([name, values]) => values.map((value) => [name, value])),
  ).toString()
}

export async function eventResponse(response, event) {
  const bytes = Buffer.from(await response.arrayBuffer())
  const isBase64Encoded = bytes.length > 0 && !textual.test(response.headers.get('content-type') ?? '')
  const body = bytes.toString(isBase64Encoded ? 'base64' : 'utf8')
  const cookies = response.headers.getSetCookie()
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'))
  const common = { statusCode: response.status, headers, body, isBase64Encoded }
  if (event.requestContext?.http) return cookies.length > 0 ? { ...common, cookies } : common
  const multiple = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  return { ...common, multiValueHeaders: cookies.length > 0 ? { ...multiple, 'set-cookie': cookies } : multiple }
}
