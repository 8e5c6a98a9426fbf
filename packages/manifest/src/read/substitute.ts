import type { Position } from '../position.ts'
import type { Faults } from '../source/faults.ts'

/** Every `${NAME}` that was used, with what it stood for: part of the app's digest. */
export type Substitutions = Map<string, string>

/** Replaces `${NAME}` and `${NAME:-default}`. Undefined after a fault. */
export function substitute(
  text: string,
  at: Position,
  environment: Readonly<Record<string, string | undefined>>,
  used: Substitutions,
  faults: Faults,
): string | undefined {
  let failed = false
  const result = text.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g,
    (_, name: string, fallback?: string) => {
      const value = environment[name]
      const chosen = value === undefined || value === '' ? fallback : value
      if (chosen === undefined) {
        failed = true
        faults.add('manifest.substitution', at, `\${${name}} is not set and has no default.`, `\${${name}:-…}`)
        return ''
      }
      used.set(name, chosen)
      return chosen
    },
  )
  if (!failed && result.includes('${')) {
    failed = true
    faults.add('manifest.substitution', at, `"${text}" holds a "\${" that is not \${NAME} or \${NAME:-default}.`)
  }
  return failed ? undefined : result
}

/** Reports `${` in a text where nothing is substituted. */
export function refuseSubstitution(text: string, at: Position, path: string, faults: Faults): void {
  if (!text.includes('${')) return
  faults.add(
    'manifest.substitution',
    at,
    `${path}: \${NAME} is replaced only in "upstream" and "endpoint".`,
    'write the value itself',
  )
}
