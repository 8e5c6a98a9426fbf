import { Agent, request } from 'undici'

/** One answer of the provider. */
export interface Page {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

/** The little of a browser that a sign-in needs: cookies, forms, no redirects by itself. */
export interface Browser {
  get(url: string): Promise<Page>
  /** Posts a form of a page. */
  submit(url: string, fields: Readonly<Record<string, string>>): Promise<Page>
  /** Posts to an endpoint for programs, which takes no cookies and answers JSON; with a proof of a key, if given. */
  call(url: string, fields: Readonly<Record<string, string>>, proof?: string): Promise<Page>
  close(): Promise<void>
}

type Headers = Readonly<Record<string, string>>

const timeoutMs = 15_000
const maxBodyBytes = 262_144

/**
 * Opens a browser that talks to one https origin only and trusts one certificate authority only.
 * `localAddress` is the address to connect from, where the machine has several.
 */
export function openBrowser(origin: string, caPem: string, localAddress: string | undefined): Browser {
  const agent = new Agent({
    connect: { ca: caPem, minVersion: 'TLSv1.3' },
    ...(localAddress === undefined ? {} : { localAddress }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBodyBytes,
  })
  const cookies = new Map<string, string>()

  const cookieHeader = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  async function send(method: 'GET' | 'POST', url: string, headers: Headers, form?: string): Promise<Page> {
    const target = new URL(url, origin)
    if (target.origin !== origin) throw new TypeError(`the provider sent the sign-in to ${target.origin}`)
    const answer = await request(target, {
      method,
      dispatcher: agent,
      headers: form === undefined ? headers : { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      ...(form === undefined ? {} : { body: form }),
    })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) keepCookie(cookies, line)
    const { location } = answer.headers
    const body = await answer.body.text()
    return { status: answer.statusCode, location: typeof location === 'string' ? location : undefined, body }
  }

  return {
    get: (url) => send('GET', url, { accept: 'text/html', cookie: cookieHeader() }),
    submit: (url, fields) => send('POST', url, { accept: 'text/html', cookie: cookieHeader(), origin }, encode(fields)),
    call: (url, fields, proof) => {
      const headers = { accept: 'application/json', ...(proof === undefined ? {} : { dpop: proof }) }
      return send('POST', url, headers, encode(fields))
    },
    close: () => agent.close(),
  }
}

function encode(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString()
}

/** Paths are not looked at: all cookies here are one server's, which tells them apart by name. */
function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const [name = '', ...rest] = pair.split('=')
  const isOver = attributes.some((attribute) => /^ *expires=Thu, 01 Jan 1970/i.test(attribute))
  if (isOver) cookies.delete(name.trim())
  else cookies.set(name.trim(), rest.join('='))
}
