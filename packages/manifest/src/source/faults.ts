import type { Fault } from '../app.ts'
import type { Position } from '../position.ts'

/** Every code that the manifest room reports, each with the rule in one line. docs/errors.md is made from it. */
export const faultCodes = {
  'manifest.ambiguous_route': 'Two routes answer the same request.',
  'manifest.reserved_route': 'The path of a route is one where the gateway itself answers.',
  'manifest.ceiling_unproved': 'Whether an attached document keeps within its ceilings cannot be proved: it does not.',
  'manifest.duplicate_key': 'A key stands twice in one map.',
  'manifest.duplicate_name': 'Two things bear one name; names are shared by roles, zones, doors, tables and functions.',
  'manifest.file_missing': 'A file that the manifest names does not exist.',
  'manifest.grants_nothing': 'A statement of an attached document of which its ceilings leave nothing.',
  'manifest.hidden_character': 'A character that hides or reorders what a reviewer sees of the manifest.',
  'manifest.guest_policy': 'A guest policy that no engine could load, or an option that its engine does not have.',
  'manifest.insecure_upstream': 'Plain HTTP, or a link-local address, where only HTTPS will do.',
  'manifest.merge_key': 'YAML merge keys hide what is granted.',
  'manifest.missing_key': 'A key without which the entry means nothing.',
  'manifest.outside_folder': 'A path leads out of the app folder.',
  'manifest.role_cycle': 'A role includes itself, directly or over others.',
  'manifest.schema_document': 'A JSON Schema is not valid.',
  'manifest.secret_in_text': 'A value that looks like a secret; secrets belong to doors.',
  'manifest.separation_of_duty': 'Somebody unites roles that are kept separate, or they cannot be separate.',
  'manifest.substitution': '${NAME} where it is not allowed, or a NAME that is not set.',
  'manifest.too_large': 'The manifest exceeds a limit on size, depth or aliases.',
  'manifest.unknown_key': 'A key that the grammar does not know.',
  'manifest.unresolved_name': 'A name that stands for nothing in this manifest.',
  'manifest.unsupported': 'A value that is valid elsewhere and means nothing here.',
  'manifest.wildcard': 'A grant names what it grants; it holds no wildcard.',
  'manifest.wrong_type': 'A value of the wrong kind or form.',
  'manifest.yaml': 'The text is not valid YAML.',
  'manifest.zone_ceiling': 'A grant across a zone edge that the zone does not open.',
  'only.unproved': 'Whether an invariant holds cannot be proved, which counts as no.',
  'only.violated': 'Somebody whom an invariant does not name is allowed.',
  'expect.failed': 'A worked example came out otherwise.',
} as const

/** A code of that table: `manifest.unknown_key` and its like. */
export type FaultCode = keyof typeof faultCodes

/** Collects faults, so that all are reported at once. */
export interface Faults {
  add(code: FaultCode, at: Position, message: string, suggestion?: string): void
  /** A fault found by another room, such as `policy.unknown_operator`. */
  report(fault: Fault): void
  /** In the order of the files, by line and column. */
  all(): readonly Fault[]
}

/** An empty collection. */
export function collectFaults(): Faults {
  const found: Fault[] = []
  const place = ({ file, line, column }: Position): Position => ({ file, line, column })
  return {
    add: (code, at, message, suggestion) => {
      found.push({ ...place(at), code, message, ...(suggestion === undefined ? {} : { suggestion }) })
    },
    report: (fault) => {
      found.push(fault)
    },
    all: () => found.toSorted((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column),
  }
}

/** `sallyport.yaml:31:7` */
export function showPosition(at: Position): string {
  return `${at.file}:${at.line}:${at.column}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
