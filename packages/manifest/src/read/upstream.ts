import { textOf, type Node } from '../source/node.ts'
import { readAddress } from './address.ts'
import type { Reading } from './reading.ts'
import { substitute } from './substitute.ts'

/** An origin that was found fit to be reached. */
export interface Origin {
  readonly origin: string
  readonly private: boolean
}

/** Judges a written origin: HTTPS, or plain HTTP to loopback or where `plain` says so. Undefined after a fault. */
export function judged(text: string, node: Node, path: string, { faults }: Reading, plain = false): Origin | undefined {
  const address = readAddress(text, plain)
  if (address.kind === 'address') return address
  if (text.includes('*')) {
    faults.add(
      'manifest.wildcard',
      node.at,
      `${path}: "${text}" holds a "*", and there are no wildcards.`,
      'name one host',
    )
  } else {
    faults.add('manifest.insecure_upstream', node.at, `${path}: ${address.why}.`, address.suggestion)
  }
  return undefined
}

/** The same where `${NAME}` may stand for a part. */
export function readUpstream(
  node: Node | undefined,
  path: string,
  reading: Reading,
  plain = false,
): Origin | undefined {
  const written = textOf(node)
  if (node === undefined || written === undefined) return undefined
  const text = substitute(written, node.at, reading.environment, reading.substitutions, reading.faults)
  return text === undefined ? undefined : judged(text, node, path, reading, plain)
}
