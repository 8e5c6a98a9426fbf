import type { ActionCatalogue } from '../../catalogue.ts'
import { compileLayer, type LayerSet } from '../../decide/policy-set.ts'
import type { CompiledStatement } from '../../decide/statement.ts'
import type { PolicyDocument } from '../../document.ts'
import { type PolicyFault, type PolicyKind, positionOf } from '../../fault.ts'
import { type JsonNode, parseJson } from '../../read/json.ts'
import { parsePolicy } from '../../read/parse-policy.ts'
import { findRequest, type Proof } from '../find-request.ts'
import { lintActions } from './lint-actions.ts'
import { lintBroad } from './lint-broad.ts'
import type { Found, LintCode, LintFinding } from './lint-finding.ts'
import { type Groups, spokenBy } from '../model.ts'
import { speaksOf } from '../prove.ts'
import type { Formula } from '../search.ts'
import type { Universe } from '../universe.ts'

/**
 * Finds statements that say nothing or too much, each by proof and not by the look of it: what is found holds for every
 * request. What actions there are, and on what each can be granted, is found where a catalogue says it. A text that is
 * no valid policy has faults instead.
 */
export function lintPolicy(
  text: string,
  kind: PolicyKind,
  name: string,
  catalogue?: ActionCatalogue,
):
  | { readonly ok: true; readonly findings: readonly LintFinding[] }
  | { readonly ok: false; readonly faults: readonly PolicyFault[] } {
  const parsed = parsePolicy(text, kind, name)
  if (!parsed.ok) return parsed
  const starts = statementStarts(text)
  const findings = lintDocument(parsed.document, kind, catalogue).map((found): LintFinding => {
    const sid = parsed.document.Statement[found.statement]?.Sid
    return { ...found, ...(sid === undefined ? {} : { sid }), ...positionOf(text, starts[found.statement] ?? 0) }
  })
  return { ok: true, findings }
}

function statementStarts(text: string): readonly number[] {
  const parsed = parseJson(text)
  const root: JsonNode | undefined = 'node' in parsed ? parsed.node : undefined
  const list = root?.kind === 'object' ? root.members.find(({ key }) => key === 'Statement')?.value : undefined
  return list?.kind === 'array' ? list.items.map(({ at }) => at) : [list?.at ?? 0]
}

function lintDocument(
  document: PolicyDocument,
  kind: PolicyKind,
  catalogue: ActionCatalogue | undefined,
): readonly Found[] {
  const layer = compileLayer(kind, [{ name: 'document', document }])
  // A ceiling is meant to be broad.
  const mayBeBroad = kind === 'boundary' || kind === 'service-control' || kind === 'endpoint'
  const broad = mayBeBroad ? [] : lintBroad(document, kind)
  return layer.statements.flatMap((_, statement) => [
    ...(catalogue === undefined ? [] : lintActions(document, statement, catalogue)),
    ...lintStatement(layer, statement),
    ...broad.filter((found) => found.statement === statement),
  ])
}

function lintStatement(layer: LayerSet, statement: number): readonly Found[] {
  const subject = layer.statements[statement]
  if (subject === undefined) return []
  const finding = (code: LintCode, message: string): readonly Found[] => [{ code, statement, message }]
  const others = layer.statements.filter((one) => one !== subject)
  const denies = others.filter(({ source }) => source.Effect === 'Deny')
  const alike = others.filter(({ source }) => source.Effect === subject.source.Effect)

  const never = outside(subject, [])
  if (never.holds === true) return finding('lint.never', 'no request can meet it: its conditions exclude each other')
  const isAllow = subject.source.Effect === 'Allow'
  const shadowed = isAllow && denies.length > 0 ? outside(subject, denies) : undefined
  if (shadowed?.holds === true) {
    return finding('lint.shadowed', `everything that it allows is denied by ${named(layer, denies, subject)}`)
  }
  const covering = isAllow ? [...denies, ...alike] : alike
  const dead = covering.length > 0 ? outside(subject, covering) : undefined
  if (dead?.holds === true) {
    const by = named(layer, alike, subject)
    return finding(
      'lint.dead',
      `the document says the same without it: ${by} already ${isAllow ? 'allows' : 'denies'} it`,
    )
  }
  const open = [never, shadowed, dead].find((proof) => proof?.holds === 'unknown')
  return open?.holds === 'unknown'
    ? finding('lint.undecided', `whether it says anything of its own is not known: ${open.message} (${open.code})`)
    : []
}

/** Whether no request is the statement's that is none of the others'. */
function outside(subject: CompiledStatement, others: readonly CompiledStatement[]): Proof {
  const speaking = (statements: readonly CompiledStatement[], universe: Universe, groups: Groups): Formula =>
    groups.add(statements.map((one) => universe.speaks(spokenBy(one), 0, false)))
  return findRequest({
    statements: [subject, ...others].map(spokenBy),
    given: {},
    besides: { actions: [], resources: [], accounts: false },
    formula: (universe, groups) => ({
      kind: 'all',
      of: [speaking([subject], universe, groups), { kind: 'not', of: speaking(others, universe, groups) }],
    }),
    shows: (request) => speaksOf(subject, request) && !others.some((one) => speaksOf(one, request)),
  })
}

/** The statements of these without which the claim would not hold any more, by what they are called. */
function named(layer: LayerSet, others: readonly CompiledStatement[], subject: CompiledStatement): string {
  const needed = others.filter(
    (one) =>
      outside(
        subject,
        others.filter((other) => other !== one),
      ).holds !== true,
  )
  const list = needed.length === 0 ? others.slice(0, 1) : needed
  return list.map((one) => one.sid ?? `statement ${layer.statements.indexOf(one) + 1}`).join(' and ')
}
