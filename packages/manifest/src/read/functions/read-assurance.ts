import type { Assurance } from '../../people.ts'
import { child, textOf, textsOf, type Node } from '../../source/node.ts'
import { parseDurationMs } from '../../source/units.ts'

/** What is demanded of a sign-in under `max-age`, `mfa` and `scopes`; undefined where nothing is. */
export function readAssurance(value: Node | undefined): Assurance | undefined {
  const maxAgeMs = parseDurationMs(textOf(child(value, 'max-age')) ?? '')
  const flag = child(value, 'mfa')
  const mfa = flag?.kind === 'flag' && flag.value
  const scopes = [...new Set(textsOf(child(value, 'scopes')).map(({ text }) => text))]
  if (maxAgeMs === undefined && !mfa && scopes.length === 0) return undefined
  return { ...(maxAgeMs === undefined ? {} : { maxAgeSeconds: Math.floor(maxAgeMs / 1_000) }), mfa, scopes }
}
