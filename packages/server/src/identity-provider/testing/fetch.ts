import { request } from 'node:https'

/** A `fetch` that trusts one authority and nobody else, for clients that take theirs from outside. Tests only. */
export function fetchTrusting(caPem: string): typeof fetch {
  return async (input, init) => {
    const wanted = new Request(input, init)
    const body = Buffer.from(await wanted.arrayBuffer())
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const headers = { ...Object.fromEntries(wanted.headers), 'content-length': String(body.length) }
    request(
      wanted.url,
      { method: wanted.method, headers, ca: caPem, servername: 'localhost', agent: false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const { statusCode: status = 500, headersDistinct } = answer
          const received = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          )
          const empty = [204, 304].includes(status)
          resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers: received }))
        })
      },
    )
      .on('error', reject)
      .end(body)
    return promise
  }
}
