import type { Faults } from './faults.ts'
import type { MapNode, Node } from './node.ts'
import { didYouMean, inForm } from './suggest.ts'

/**
 * What a part of the manifest may look like. One value of this type is the whole grammar: the reader checks
 * against it, and the JSON Schema for editors is made from it.
 */
export type Shape =
  | {
      readonly kind: 'text'
      /** Completes "… must be": `a duration such as 30d`. */
      readonly says: string
      readonly pattern?: RegExp
      readonly options?: readonly string[]
      /** Numbers and flags are taken as the text they were written as. */
      readonly scalar?: boolean
    }
  | { readonly kind: 'flag' }
  | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'list'; readonly of: Shape; readonly atLeast?: number }
  | {
      readonly kind: 'record'
      readonly keys: Readonly<Record<string, Field>>
      /** Keys that the writer chooses, besides the fixed ones. */
      readonly named?: { readonly says: string; readonly pattern: RegExp; readonly of: Shape }
      /** Nothing at all stands for `{}`. */
      readonly orEmpty?: boolean
    }
  /** Told apart by the kind of value; several records by the keys that they require. */
  | { readonly kind: 'either'; readonly of: readonly Shape[] }

/** What may stand under one key of a record. */
export interface Field {
  readonly shape: Shape
  readonly required?: boolean
  /** Its value, one of few, says which of several records is meant, whatever else stands there. */
  readonly tells?: boolean
  /** One line for the editor. */
  readonly about?: string
}

/** Reports everything about `node` that does not fit `shape`. `path` names the place in messages: `doors.stripe`. */
export function checkShape(node: Node, shape: Shape, path: string, faults: Faults): void {
  switch (shape.kind) {
    case 'text':
      return checkText(node, shape, path, faults)
    case 'flag':
      if (node.kind !== 'flag') wrongType(node, path, 'true or false', faults, flagOf(node))
      return
    case 'integer': {
      const fits =
        node.kind === 'number' &&
        Number.isInteger(node.value) &&
        node.value >= shape.minimum &&
        node.value <= shape.maximum
      if (!fits) wrongType(node, path, `a whole number from ${shape.minimum} to ${shape.maximum}`, faults)
      return
    }
    case 'list':
      if (node.kind !== 'list') return wrongType(node, path, 'a list', faults, listOf(node, shape.of))
      if (node.items.length < (shape.atLeast ?? 0)) wrongType(node, path, 'a list that is not empty', faults)
      for (const item of node.items) checkShape(item, shape.of, path, faults)
      return
    case 'record':
      if (node.kind === 'empty' && shape.orEmpty === true) return
      if (node.kind !== 'map') return wrongType(node, path, 'a map', faults)
      return checkRecord(node, shape, path, faults)
    case 'either': {
      const fitting = shape.of.filter((one) => takes(one, node))
      const alternative =
        fitting.find((one) => isTold(one, node)) ?? fitting.find((one) => holdsRequired(one, node)) ?? fitting[0]
      const list = shape.of.find((one) => one.kind === 'list')
      const guess = list && listOf(node, list.of)
      if (alternative === undefined) wrongType(node, path, shape.of.map(describeShape).join(', or '), faults, guess)
      else checkShape(node, alternative, path, faults)
    }
  }
}

function checkText(node: Node, shape: Extract<Shape, { kind: 'text' }>, path: string, faults: Faults): void {
  const accepted = node.kind === 'text' || (shape.scalar === true && 'text' in node)
  const guess = 'text' in node && shape.pattern !== undefined ? inForm(node.text, shape.pattern) : undefined
  if (!accepted) return wrongType(node, path, shape.says, faults, guess)
  const fits = (shape.pattern?.test(node.text) ?? true) && (shape.options?.includes(node.text) ?? true)
  if (fits) return
  if (node.text.includes('*')) {
    faults.add(
      'manifest.wildcard',
      node.at,
      `${path}: "${node.text}" holds a "*", and there are no wildcards.`,
      'name each thing that is granted',
    )
    return
  }
  const suggestion = shape.options === undefined ? guess : didYouMean(node.text, shape.options)
  wrongType(node, path, shape.says, faults, suggestion)
}

function checkRecord(node: MapNode, shape: Extract<Shape, { kind: 'record' }>, path: string, faults: Faults): void {
  const under = (key: string): string => (path === '' ? key : `${path}.${key}`)
  for (const { key, keyAt, value } of node.entries) {
    const field = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined
    if (field !== undefined) {
      checkShape(value, field.shape, under(key), faults)
    } else if (shape.named === undefined) {
      const where = path === '' ? 'The manifest' : path
      faults.add(
        'manifest.unknown_key',
        keyAt,
        `${where} has no key "${key}".`,
        didYouMean(key, Object.keys(shape.keys)) ?? `known: ${Object.keys(shape.keys).join(', ')}`,
      )
    } else if (shape.named.pattern.test(key)) {
      checkShape(value, shape.named.of, under(key), faults)
    } else if (key.includes('*')) {
      faults.add(
        'manifest.wildcard',
        keyAt,
        `${path}: "${key}" holds a "*", and there are no wildcards.`,
        'name each thing that is granted',
      )
    } else {
      const { says, pattern } = shape.named
      faults.add('manifest.wrong_type', keyAt, `${path}: "${key}" must be ${says}.`, inForm(key, pattern))
    }
  }
  for (const [key, field] of Object.entries(shape.keys)) {
    if (field.required !== true || node.entries.some((entry) => entry.key === key)) continue
    faults.add('manifest.missing_key', node.at, `${path === '' ? 'The manifest' : path} needs "${key}".`)
  }
}

/** One thing where a list of such is wanted. */
function listOf(node: Node, of: Shape): string | undefined {
  const fits = node.kind === 'text' && of.kind === 'text' && (of.pattern?.test(node.text) ?? true)
  return fits ? `[${node.text}]` : undefined
}

/** What other versions of YAML take for true and false. */
function flagOf(node: Node): string | undefined {
  if (node.kind !== 'text') return undefined
  if (/^(?:yes|on)$/i.test(node.text)) return 'true'
  return /^(?:no|off)$/i.test(node.text) ? 'false' : undefined
}

function takes(shape: Shape, node: Node): boolean {
  switch (shape.kind) {
    case 'text':
      return node.kind === 'text' || (shape.scalar === true && 'text' in node)
    case 'integer':
      return node.kind === 'number'
    case 'record':
      return node.kind === 'map' || (node.kind === 'empty' && shape.orEmpty === true)
    case 'either':
      return shape.of.some((one) => takes(one, node))
    case 'flag':
    case 'list':
      return node.kind === shape.kind
  }
}

function holdsRequired(shape: Shape, node: Node): boolean {
  if (shape.kind !== 'record' || node.kind !== 'map') return true
  return Object.entries(shape.keys).every(
    ([key, field]) => field.required !== true || node.entries.some((entry) => entry.key === key),
  )
}

function isTold(shape: Shape, node: Node): boolean {
  if (shape.kind !== 'record' || node.kind !== 'map') return false
  const [key, field] = Object.entries(shape.keys).find(([, { tells }]) => tells === true) ?? []
  const value = node.entries.find((entry) => entry.key === key)?.value
  if (field?.shape.kind !== 'text' || value?.kind !== 'text') return false
  return field.shape.options?.includes(value.text) ?? false
}

function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.says
    case 'flag':
      return 'true or false'
    case 'integer':
      return 'a whole number'
    case 'list':
      return 'a list'
    case 'record':
      return 'a map'
    case 'either':
      return shape.of.map(describeShape).join(', or ')
  }
}

function wrongType(node: Node, path: string, wanted: string, faults: Faults, suggestion?: string): void {
  const written = 'text' in node ? `"${node.text}"` : node.kind === 'empty' ? 'nothing' : `a ${node.kind}`
  faults.add(
    'manifest.wrong_type',
    node.at,
    `${path === '' ? 'The manifest' : path} must be ${wanted}, not ${written}.`,
    suggestion,
  )
}
