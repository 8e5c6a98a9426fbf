import type { PolicyDocument } from '../document.ts'
import { type Finding, type PolicyFault, type PolicyKind, positionOf } from '../fault.ts'
import { nodeOf, parseJson } from './json.ts'
import { limits } from '../limits.ts'
import { readDocument } from './read-document.ts'
import { straighten } from './typography.ts'

/** A document fit to be compiled, or everything that is wrong with the text, each fault with its line and column. */
export type ParsedPolicy =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly faults: readonly [PolicyFault, ...PolicyFault[]] }

/**
 * Reads the text of one IAM policy document, strictly, and reports everything that is wrong with it at once.
 * Adversary: a document that means less to the engine than to the person who reviewed it.
 */
export function parsePolicy(text: string, kind: PolicyKind, name: string): ParsedPolicy {
  if (text.length > limits.policyBytes || new TextEncoder().encode(text).length > limits.policyBytes) {
    const message = `the document is larger than ${limits.policyBytes} bytes`
    return refused(text, name, [{ code: 'policy.too_large', message, path: '', at: 0 }])
  }
  const read = readText(text, kind)
  if (read.findings.length === 0 && read.document !== undefined) return { ok: true, document: read.document }
  return typographic(text, kind, name) ?? refused(text, name, read.findings)
}

/** Checks a document made in memory by the same rules. Its faults have a path, and line and column 0. */
export function validateDocument(value: unknown, kind: PolicyKind, name: string): ParsedPolicy {
  const parsed = nodeOf(value)
  if ('problem' in parsed) return refused('', name, [{ ...parsed.problem, path: '' }])
  const { document, findings } = readDocument(parsed.node, kind)
  return findings.length === 0 ? { ok: true, document } : refused('', name, findings)
}

interface Read {
  readonly document?: PolicyDocument
  readonly findings: readonly Finding[]
  /** False when the text is not even JSON. */
  readonly isJson: boolean
}

function readText(text: string, kind: PolicyKind): Read {
  const parsed = parseJson(text)
  if ('problem' in parsed) return { findings: [{ ...parsed.problem, path: '' }], isJson: false }
  return { ...readDocument(parsed.node, kind), isJson: true }
}

/**
 * One fault that offers the document as it was meant, when straight quotes and dashes make it readable. What is wrong
 * with it besides is reported after it. Never corrected silently: it is a person who says what a policy is.
 */
function typographic(text: string, kind: PolicyKind, name: string): ParsedPolicy | undefined {
  const straight = straighten(text)
  if (straight === undefined) return undefined
  const read = readText(straight.text, kind)
  const before = readText(text, kind)
  // JSON already, and no better for it: the quotes are part of the text, and its faults are others.
  if (!read.isJson || (before.isJson && read.findings.length >= before.findings.length)) return undefined
  const first: PolicyFault = {
    code: 'policy.typographic_quotes',
    message: 'the document has typographic quotes or dashes, as a word processor makes them; JSON needs straight ones',
    policy: name,
    path: '',
    ...positionOf(text, straight.at),
    suggestion: 'save the corrected document in its place',
    corrected: straight.text,
  }
  return { ok: false, faults: [first, ...read.findings.map((finding) => faultOf(straight.text, name, finding))] }
}

function refused(text: string, name: string, findings: readonly Finding[]): ParsedPolicy {
  const [first, ...others] = findings.slice(0, limits.faults).map((finding) => faultOf(text, name, finding))
  if (first === undefined) throw new TypeError('a refused document has no fault')
  return { ok: false, faults: [first, ...others] }
}

function faultOf(text: string, policy: string, { at, ...finding }: Finding): PolicyFault {
  return { ...finding, policy, ...positionOf(text, at) }
}
