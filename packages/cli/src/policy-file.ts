import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import { type PolicyFault, type PolicyKind, parsePolicy, type PolicyDocument } from '@sallyport/core/policy'

import type { Answer } from './answer.ts'
import { systemWords } from './system-error.ts'
import type { Terminal } from './terminal.ts'

/** Where a document may be attached, as `--kind` takes it. */
export const policyKinds: readonly PolicyKind[] = [
  'identity',
  'resource',
  'trust',
  'guardrail',
  'boundary',
  'session',
  'endpoint',
  'service-control',
  'resource-control',
]

/** The text of a policy file. */
export function policyText(terminal: Terminal, file: string): string {
  try {
    return readFileSync(resolve(terminal.cwd, file), 'utf8')
  } catch (error) {
    const why = systemWords(error) ?? String(error)
    throw new SallyportError('cli.usage', `${file} cannot be read: ${why}`, { cause: error })
  }
}

/** A policy file as a document, or its faults. */
export function policyFile(
  terminal: Terminal,
  file: string,
  kind: PolicyKind,
): { readonly document: PolicyDocument } | { readonly faults: readonly PolicyFault[] } {
  const parsed = parsePolicy(policyText(terminal, file), kind, basename(file))
  return parsed.ok ? { document: parsed.document } : { faults: parsed.faults }
}

/** Everything that is wrong with policy files, one per line, as the answer of a verb. */
export function policyFaults(faults: readonly { readonly file: string; readonly fault: PolicyFault }[]): Answer {
  const lines = faults.map(({ file, fault: { line, column, path, message, code, suggestion } }) => {
    const where = path === '' ? '' : `${path}: `
    const tip = suggestion === undefined ? '' : `\n  try: ${suggestion}`
    return `${file}:${line}:${column}: ${where}${message} (${code})${tip}`
  })
  return {
    exit: 'usage',
    json: { faults: faults.map(({ file, fault }) => ({ ...fault, file })) },
    text: lines.join('\n'),
  }
}
