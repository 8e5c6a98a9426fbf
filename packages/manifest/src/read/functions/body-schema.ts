import { duplicateMember } from '@sallyport/core/json'

import { compilePattern } from '../../pattern/pattern.ts'
import type { Position } from '../../position.ts'
import type { Faults } from '../../source/faults.ts'
import { didYouMean } from '../../source/suggest.ts'
import type { NamedFile } from '../files.ts'

type KeywordKind =
  | 'any'
  | 'text'
  | 'flag'
  | 'number'
  | 'count'
  | 'list'
  | 'names'
  | 'pattern'
  | 'type'
  | 'reference'
  | 'schema'
  | 'schemas'
  | 'schema-map'
  | 'pattern-map'
  | 'names-map'

/** JSON Schema 2020-12: what the value of a keyword must be → the keywords. */
const vocabulary: Readonly<Record<KeywordKind, string>> = {
  any: 'default const',
  text: '$schema $id $comment $anchor title description format contentEncoding contentMediaType',
  flag: 'deprecated readOnly writeOnly uniqueItems',
  number: 'multipleOf minimum maximum exclusiveMinimum exclusiveMaximum',
  count: 'minLength maxLength minContains maxContains minItems maxItems minProperties maxProperties',
  list: 'examples enum',
  names: 'required',
  pattern: 'pattern',
  type: 'type',
  reference: '$ref',
  schema: 'items contains unevaluatedItems additionalProperties propertyNames unevaluatedProperties not if then else',
  schemas: 'prefixItems allOf anyOf oneOf',
  'schema-map': '$defs definitions properties dependentSchemas',
  'pattern-map': 'patternProperties',
  'names-map': 'dependentRequired',
}
const keywords: ReadonlyMap<string, KeywordKind> = new Map(
  (Object.keys(vocabulary) as KeywordKind[]).flatMap((kind) =>
    vocabulary[kind].split(' ').map((word) => [word, kind] as const),
  ),
)
const types = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']

/**
 * Parses and checks a body schema. A keyword that a validator ignores is a check that never happens, so an
 * unknown one is a fault; references stay inside the file. Undefined after a fault.
 */
export function readBodySchema(file: NamedFile, namedAt: Position, faults: Faults): unknown {
  let schema: unknown
  try {
    schema = JSON.parse(file.text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    faults.add('manifest.schema_document', namedAt, `${file.name} is not JSON: ${error.message}`)
    return undefined
  }
  const problems: string[] = []
  const twice = duplicateMember(file.text)
  if (twice !== undefined) problems.push(`"${twice}" stands twice in one object, and readers keep different ones.`)
  checkSchema(schema, '#', problems, 0)
  for (const problem of problems.slice(0, 20)) {
    faults.add('manifest.schema_document', { file: file.name, line: 1, column: 1 }, `${file.name}: ${problem}`)
  }
  return problems.length === 0 ? schema : undefined
}

function checkSchema(value: unknown, path: string, problems: string[], depth: number): void {
  if (typeof value === 'boolean') return
  if (depth > 32) return void problems.push(`${path} nests deeper than 32 levels.`)
  if (!isObject(value)) return void problems.push(`${path} must be a schema: an object, true or false.`)
  for (const [keyword, operand] of Object.entries(value)) {
    const kind = keywords.get(keyword)
    if (kind === undefined) {
      const hint = didYouMean(keyword, keywords.keys())
      problems.push(`${path} has the unknown keyword "${keyword}"${hint === undefined ? '' : ` (${hint})`}.`)
    } else {
      checkOperand(kind, operand, `${path}/${keyword}`, problems, depth)
    }
  }
}

function checkOperand(kind: KeywordKind, value: unknown, path: string, problems: string[], depth: number): void {
  const demand = (holds: boolean, wanted: string): void => {
    if (!holds) problems.push(`${path} must be ${wanted}.`)
  }
  switch (kind) {
    case 'any':
      return
    case 'text':
      return demand(typeof value === 'string', 'text')
    case 'flag':
      return demand(typeof value === 'boolean', 'true or false')
    case 'number':
      return demand(typeof value === 'number', 'a number')
    case 'count':
      return demand(typeof value === 'number' && Number.isInteger(value) && value >= 0, 'a whole number from 0')
    case 'list':
      return demand(Array.isArray(value), 'a list')
    case 'names':
      return demand(isNames(value), 'a list of names')
    case 'names-map':
      return demand(isObject(value) && Object.values(value).every(isNames), 'a map of lists of names')
    case 'reference':
      return demand(
        typeof value === 'string' && value.startsWith('#'),
        'a reference inside this file, such as #/$defs/x',
      )
    case 'pattern':
      if (typeof value === 'string') return checkPattern(value, path, problems)
      return demand(false, 'a regular expression')
    case 'type':
      return demand(
        (Array.isArray(value) ? value : [value]).every((one) => types.includes(one)),
        `one of ${types.join(', ')}`,
      )
    case 'schema':
      return checkSchema(value, path, problems, depth + 1)
    case 'schemas':
      if (!Array.isArray(value) || value.length === 0) return demand(false, 'a list of schemas')
      for (const [index, one] of value.entries()) checkSchema(one, `${path}/${index}`, problems, depth + 1)
      return
    case 'schema-map':
    case 'pattern-map':
      if (!isObject(value)) return demand(false, 'a map of schemas')
      for (const [key, one] of Object.entries(value)) {
        if (kind === 'pattern-map') checkPattern(key, `${path}: "${key}"`, problems)
        checkSchema(one, `${path}/${key}`, problems, depth + 1)
      }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

/** One that a caller's text could make run for minutes would hold up everybody's requests. */
function checkPattern(text: string, path: string, problems: string[]): void {
  const compiled = compilePattern(text)
  if (compiled.kind === 'refused') problems.push(`${path} ${compiled.why}.`)
}
