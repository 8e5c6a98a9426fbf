import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { DecisionRecord, LedgerRecord } from '@sallyport/core/access'
import { encodeEntry } from '@sallyport/core/ledger'

import { runCommand } from './run-command.ts'

/** What one command line did. */
export interface Transcript {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Runs a command line in this process, as from a pipe: no colours, and nobody to ask without an `answer`. */
export async function type(
  line: readonly string[],
  options: {
    readonly cwd: string
    readonly input?: string
    readonly answer?: boolean
    readonly typed?: string
    readonly tty?: boolean
  } = {
    cwd: '/',
  },
): Promise<Transcript> {
  let [stdout, stderr] = ['', '']
  const process = {
    stdout: { write: (text: string) => void (stdout += text), isTTY: options.tty === true },
    stderr: { write: (text: string) => void (stderr += text) },
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    exitCode: 0,
  }
  await runCommand(line, {
    process,
    cwd: options.cwd,
    readInput: () => Promise.resolve(new TextEncoder().encode(options.input ?? '')),
    input: async function* () {
      await Promise.resolve()
      yield new TextEncoder().encode(options.input ?? '')
    },
    ask: () => Promise.resolve(options.answer),
    type: () => Promise.resolve(options.typed),
    clock: () => 0,
  })
  return { stdout, stderr, exitCode: process.exitCode }
}

/** Makes an app folder of these files; the caller removes it with `remove`. */
export function appWith(files: Readonly<Record<string, string | Uint8Array>>): {
  readonly folder: string
  remove(): void
} {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A segment of a ledger that holds these records. */
export function segment(records: readonly LedgerRecord[]): Uint8Array {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  return Buffer.concat(records.map((record) => encodeEntry(new TextEncoder().encode(JSON.stringify(record)), sha256)))
}

/** A decision as the server records it, with what the test cares about put in. */
export function decision(fields: Partial<DecisionRecord> & Pick<DecisionRecord, 'id'>): DecisionRecord {
  return {
    kind: 'decision',
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
    door: 'ingress',
    transaction: 'f'.repeat(32),
    subject: 'arn:sallyport:identity:checkout::user/alice',
    subjectName: 'alice',
    actors: [],
    effect: 'allow',
    reasons: [
      { code: 'policy.allow', layer: 'resource', message: 'customer may', rule: 'route1', at: 'sallyport.yaml:51:7' },
    ],
    asked: [
      { action: 'sallyport:CallRoute', resource: 'arn:sallyport:route:checkout:public:storefront/POST /checkout' },
    ],
    context: {},
    durability: 'written',
    manifest: '0'.repeat(64),
    isolation: 'box (hard)',
    ...fields,
  }
}
