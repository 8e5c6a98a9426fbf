import { SallyportError } from '@sallyport/core/access'

import type { BuildFault } from './build-fault.ts'

/** What the build box made of one module. */
export interface BundleAnswer {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly exports: readonly string[]
  readonly commonjs: boolean
  readonly warnings: readonly BuildFault[]
}

const maxFaults = 100
const maxFaultLetters = 2_000

/**
 * Parses what the build box said. Adversary: sources that take over the bundler; hence names are checked too, and
 * faults are text for a terminal. Throws `host.build_box` for what no build says.
 */
export function parseAnswer(text: string): BundleAnswer | { readonly faults: readonly BuildFault[] } {
  const answer = objectIn(text)
  const faults = parseFaults(answer['faults'])
  if (faults.length > 0) return { faults }
  const files = new Map<string, Uint8Array>()
  for (const output of listOf(answer['outputs'])) {
    const { name, base64 } = isRecord(output) ? output : {}
    if (typeof name !== 'string' || typeof base64 !== 'string' || !/^[\w-][\w.-]*$/.test(name)) {
      throw new SallyportError('host.build_box', 'the build box named a file that no build has')
    }
    files.set(name, Buffer.from(base64, 'base64'))
  }
  if (!files.has('index.mjs')) throw new SallyportError('host.build_box', 'the build box gave no module')
  const exports = listOf(answer['exports']).filter((name) => typeof name === 'string')
  return { files, exports, commonjs: answer['commonjs'] === true, warnings: parseFaults(answer['warnings']) }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // no JSON, and so no object
  }
  if (isRecord(value)) return value
  throw new SallyportError('host.build_box', 'the build box said something that is no answer')
}

function parseFaults(value: unknown): readonly BuildFault[] {
  return listOf(value)
    .slice(0, maxFaults)
    .filter(isRecord)
    .map((entry) => ({
      code: shown(entry['code']),
      message: shown(entry['message']),
      file: shown(entry['file']),
      line: Number(entry['line']),
      column: Number(entry['column']) + 1, // the bundler counts from 0
    }))
}

/** A fault is printed where somebody starts the server: nothing of it moves their cursor. */
function shown(value: unknown): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
  return String(value).slice(0, maxFaultLetters).replace(hidden, '\uFFFD')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
