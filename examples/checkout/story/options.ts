import { parseArgs } from 'node:util'

import { SallyportError } from '@sallyport/core/access'

/** What may be said behind `npm start --`. */
export interface StoryOptions {
  /** To end after the story. */
  readonly once: boolean
  /** Other ports than those in the documents; 0 takes any. */
  readonly port: number
  readonly issuerPort: number
}

const options = {
  once: { type: 'boolean', default: false },
  port: { type: 'string', default: '8443' },
  'issuer-port': { type: 'string', default: '8444' },
} as const
const usage = 'npm start -- [--once] [--port N] [--issuer-port N]'

/** Throws `cli.usage` for what is none of them. */
export function readOptions(args: readonly string[]): StoryOptions {
  const { once, port, 'issuer-port': issuerPort } = parsed(args)
  return { once, port: portIn('--port', port), issuerPort: portIn('--issuer-port', issuerPort) }
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (cause) {
    throw notKnown(cause instanceof Error ? cause.message : String(cause))
  }
}

function portIn(name: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw notKnown(`${name} takes a port from 0 to 65535, not "${text}".`)
}

function notKnown(message: string): SallyportError {
  return new SallyportError('cli.usage', `${message}\n${usage}`)
}

/** What went wrong, with where only if nobody foresaw it. The app's own fix for a taken port starts it alone. */
export function wordsOf(error: unknown): string {
  if (error instanceof SallyportError) {
    const taken = error.message.includes('server.port_in_use')
    const fix = taken ? '\nwith the story, at free ports: npm start -- --port 0 --issuer-port 0' : ''
    return `error ${error.code}: ${error.message.trimEnd()}${fix}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
