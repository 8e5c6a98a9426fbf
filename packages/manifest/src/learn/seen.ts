/** One way out that a function tried while `dev --learn` recorded: what it asked for, never what it sent. */
export interface SeenExit {
  /** Milliseconds since the epoch, of the first time. */
  readonly at: number
  readonly functionName: string
  readonly effect: 'allow' | 'deny'
  /** Of the refusal: `door.unlisted`, `table.not_granted`, … */
  readonly code?: string
  /** The line that would have allowed it, as `why` prints it. */
  readonly fix?: string
  readonly method?: string
  /** Scheme, host and path, without query. */
  readonly url?: string
  /** Names of headers that the door did not let through, and that are no credentials. */
  readonly dropped?: readonly string[]
  /** Advisory: the npm package whose code asked, from a stack that the function could forge. */
  readonly package?: string
}

const maxLineBytes = 16 * 1024
const maxHeaders = 64

/**
 * Reads one line of the recording; undefined for one that is not whole or not ours. Adversary: a function, which chose
 * the names in it, and whoever else may write in the app's folder; what is read here is only ever proposed.
 */
export function parseSeen(line: string): SeenExit | undefined {
  if (line.length > maxLineBytes) return undefined
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined // cut off in the middle, where the server was killed
  }
  if (typeof value !== 'object' || value === null) return undefined
  const {
    at,
    functionName,
    effect,
    code,
    fix,
    method,
    url,
    dropped,
    package: name,
  }: Record<string, unknown> = {
    ...value,
  }
  const text = (each: unknown, pattern: RegExp): each is string | undefined =>
    each === undefined || (typeof each === 'string' && pattern.test(each))
  if (typeof at !== 'number' || typeof functionName !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(functionName)) {
    return undefined
  }
  if (effect !== 'allow' && effect !== 'deny') return undefined
  if (!text(code, /^[a-z][a-z0-9._-]{0,63}$/) || !text(fix, /^sallyport [\x20-\x7e]{1,4096}$/)) return undefined
  if (!text(method, /^[A-Z]{1,16}$/) || !text(url, /^https?:\/\/[\x21-\x7e]{1,8192}$/)) return undefined
  if (!text(name, /^[A-Za-z0-9@/~._-]{1,214}$/)) return undefined
  const isName = (each: unknown): each is string => typeof each === 'string' && headerName.test(each)
  const headers: unknown[] = Array.isArray(dropped) ? dropped : []
  return {
    at,
    functionName,
    effect,
    ...(code === undefined ? {} : { code }),
    ...(fix === undefined ? {} : { fix }),
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { url }),
    ...(headers.length === 0 ? {} : { dropped: headers.filter(isName).slice(0, maxHeaders) }),
    ...(name === undefined ? {} : { package: name }),
  }
}

const headerName = /^[a-z0-9-]{1,64}$/
