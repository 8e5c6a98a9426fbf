import type { InvocationResult } from '../invocation.ts'

type Failure = InvocationResult & { readonly kind: 'error' }

/** The failure that a report in AWS Lambda's form tells: `errorType`, `errorMessage`, `stackTrace`. */
export function failureReported(body: Uint8Array): Failure {
  return { kind: 'error', code: codeOf(errorType(body)), message: describeError(body) }
}

/** A stream that broke off says so after its last byte; undefined where it did not. */
export function failureIn(trailers: Readonly<Record<string, string | undefined>>): Failure | undefined {
  const type = trailers['lambda-runtime-function-error-type']
  if (type === undefined) return undefined
  const report = Buffer.from(trailers['lambda-runtime-function-error-body'] ?? '', 'base64')
  return { kind: 'error', code: codeOf(type), message: describeError(report) }
}

/** The error types that our own runtime client sends. Forging one mislabels nothing but the forger's own failure. */
function codeOf(type: string): string {
  switch (type) {
    case 'Function.ResponseSizeTooLarge':
      return 'function.output_too_large'
    case 'Runtime.OutOfMemory':
      return 'function.out_of_memory'
    case 'Sallyport.TicketRefused':
      return 'function.ticket_refused'
    default:
      return 'function.threw'
  }
}

function errorType(body: Uint8Array): string {
  return textOf(parseObject(body)?.['errorType'])
}

/** Our own clients stay below it: 8 kB of a message, and 40 lines. */
const maxReportChars = 16 * 1024

/** A report as an operator reads it: the type, the message, and the stack below it. What is longer is cut. */
export function describeError(body: Uint8Array | undefined): string {
  const report = body === undefined ? undefined : parseObject(body)
  if (report === undefined) return 'the runtime reported an error that is not JSON'
  const stack = Array.isArray(report['stackTrace']) ? report['stackTrace'].map(textOf) : []
  const told = [`${textOf(report['errorType'])}: ${textOf(report['errorMessage'])}`, ...stack].join('\n')
  return told.slice(0, maxReportChars)
}

/** Parses what came from where the function runs. Adversary: the function, which may send anything. */
function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null) return undefined
    return parsed as Readonly<Record<string, unknown>> // every member is checked where it is read
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
