import { execFileSync, spawnSync } from 'node:child_process'

import type { Statement } from '@sallyport/core/policy'

// The same claim for cvc5, a solver of general theories, by its Python package: texts with patterns, addresses as bits.

const python = process.env['CVC5_PYTHON'] ?? 'python3'

/** The solver's version; undefined where its package is not installed. */
export function cvc5Version(): string | undefined {
  const { status, stdout } = spawnSync(python, ['-c', 'import cvc5; print(cvc5.__version__)'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Milliseconds of the solver's own work on A ⊑ B, and what it says; nothing of starting Python is counted. */
export function cvc5Within(
  a: readonly Statement[],
  b: readonly Statement[],
  timeoutMs: number,
): { readonly ms: number; readonly said: string } {
  const text = [
    '(set-logic ALL)',
    '(declare-const action String)(declare-const resource String)(declare-const team String)',
    '(declare-const hasTeam Bool)(declare-const hasIp Bool)(declare-const ip (_ BitVec 32))',
    `(assert ${allowed(a)})`,
    `(assert (not ${allowed(b)}))`,
    '(check-sat)',
  ].join('\n')
  const said = execFileSync(python, ['-c', program, String(timeoutMs)], { input: text, encoding: 'utf8' })
  const [answer = '', ms = ''] = said.trim().split('\n')
  return { ms: Number(ms), said: answer }
}

const program = `
import sys, time, cvc5
solver = cvc5.Solver()
solver.setOption("tlimit-per", sys.argv[1])
parser = cvc5.InputParser(solver)
parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.stdin.read(), "claim")
symbols = parser.getSymbolManager()
said = ""
started = time.perf_counter()
while True:
    command = parser.nextCommand()
    if command.isNull(): break
    said += command.invoke(solver, symbols)
print(said.strip().split("\\n")[-1])
print((time.perf_counter() - started) * 1000)
`

function allowed(statements: readonly Statement[]): string {
  const of = (effect: Statement['Effect']): string =>
    `(or false ${statements
      .filter((one) => one.Effect === effect)
      .map(holds)
      .join(' ')})`
  return `(and ${of('Allow')} (not ${of('Deny')}))`
}

function holds({ Action, Resource, Condition = {} }: Statement): string {
  const any = (name: string, patterns: string | readonly string[] = []): string =>
    `(or false ${[patterns]
      .flat()
      .map((pattern) => matches(name, pattern))
      .join(' ')})`
  const team = String(Object.values(Condition['StringEquals'] ?? {})[0])
  const [address = '', prefix = '32'] = String(Object.values(Condition['IpAddress'] ?? {})[0]).split('/')
  const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  const high = 31
  const low = 32 - Number(prefix)
  const network = `(_ bv${Math.floor(bits / 2 ** low)} ${prefix})`
  return (
    `(and ${any('action', Action)} ${any('resource', Resource)} hasTeam (= team "${team}") hasIp ` +
    `(= ((_ extract ${high} ${low}) ip) ${network}))`
  )
}

/** A prefix by the operator for prefixes, which solvers are best at; anything else as a regular expression. */
function matches(name: string, pattern: string): string {
  const parts = pattern.split('*')
  if (parts.length === 2 && parts[1] === '') return `(str.prefixof "${parts[0]}" ${name})`
  const pieces = parts.map((part) => `(str.to_re "${part}")`).join(' re.all ')
  return `(str.in_re ${name} (re.++ ${pieces}))`
}
