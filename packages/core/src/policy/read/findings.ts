import type { Finding, PolicyFaultCode, Problem } from '../fault.ts'
import type { JsonNode, JsonObject } from './json.ts'
import { nearestWord } from './suggest.ts'

/** What is wrong so far; readers go on after a finding, so that all are reported at once. */
export type Findings = Finding[]

/** Where one is in a document. */
export interface Place {
  readonly path: string
  /** Offset in UTF-16 units; -1 where there is no text. */
  readonly at: number
}

/** Notes one thing that is wrong. */
export function note(
  findings: Findings,
  code: PolicyFaultCode,
  { path, at }: Place,
  message: string,
  suggestion?: string,
): void {
  findings.push({ code, message, path, at, ...(suggestion === undefined ? {} : { suggestion }) })
}

/** The node as an object, or a finding. */
export function readObject(findings: Findings, node: JsonNode, place: Place, message: string): JsonObject | undefined {
  if (node.kind === 'object') return node
  note(findings, 'policy.wrong_type', place, `${message}, not ${nameOf(node)}`)
  return undefined
}

/**
 * The members of an object whose names are all known. Repeated names are refused: the reviewer may read the first
 * and the engine the last.
 */
export function readElements<Name extends string>(
  findings: Findings,
  object: JsonObject,
  place: Place,
  known: readonly Name[],
): ReadonlyMap<Name, JsonNode> {
  refuseRepeated(findings, object, place)
  const elements = new Map<Name, JsonNode>()
  for (const { key, at, value } of object.members) {
    const name = wordIn(known, key)
    if (name !== undefined) elements.set(name, value)
    else {
      const where = { path: place.path === '' ? key : `${place.path}.${key}`, at }
      note(
        findings,
        'policy.unknown_element',
        where,
        `there is no element ${JSON.stringify(key)} here`,
        nearestWord(key, known),
      )
    }
  }
  return elements
}

/** Notes every name that stands a second time, under the folding given. */
export function refuseRepeated(
  findings: Findings,
  object: JsonObject,
  place: Place,
  fold: (key: string) => string = (key) => key,
): void {
  if (object.members.length < 2) return
  const seen = new Set<string>()
  for (const { key, at } of object.members) {
    const folded = fold(key)
    if (seen.has(folded)) {
      note(findings, 'policy.duplicate_key', { path: place.path, at }, `${JSON.stringify(key)} stands here twice`)
    }
    seen.add(folded)
  }
}

/** One of a few words. Dashes of the wrong kind are what usually is wrong with a Version. */
export function readWord<Word extends string>(
  findings: Findings,
  node: JsonNode,
  place: Place,
  words: readonly Word[],
): Word | undefined {
  const text = readText(findings, node, place)
  const word = wordIn(words, text)
  if (text !== undefined && word === undefined) {
    const message = `${JSON.stringify(text)} is not one of ${words.join(', ')}`
    note(findings, 'policy.invalid_value', place, message, nearestWord(text, words))
  }
  return word
}

/** A string that holds something. */
export function readText(findings: Findings, node: JsonNode, place: Place): string | undefined {
  if (node.kind !== 'string') {
    note(findings, 'policy.wrong_type', place, `a string is expected, not ${nameOf(node)}`)
    return undefined
  }
  if (node.value === '') note(findings, 'policy.empty', place, 'the string is empty')
  return node.value
}

/** A string or a list of strings, each of which is checked. */
export function readPatterns(
  findings: Findings,
  node: JsonNode,
  place: Place,
  mostCharacters: number,
  problemOf: (pattern: string) => Problem | undefined,
): readonly string[] {
  const items = node.kind === 'array' ? node.items : [node]
  if (items.length === 0) note(findings, 'policy.empty', place, 'the list is empty')
  // Made in one go: a list that grows keeps room for more, and these are kept by the ten thousand.
  return items.map((item) => {
    const where = { path: place.path, at: item.at }
    const text = readText(findings, item, where)
    if (text === undefined || text === '') return ''
    const problem: Problem | undefined =
      text.length > mostCharacters
        ? { code: 'policy.too_large', problem: `is longer than ${mostCharacters} characters` }
        : problemOf(text)
    if (problem !== undefined) {
      note(findings, problem.code, where, `${JSON.stringify(text.slice(0, 120))} ${problem.problem}`)
    }
    return text
  })
}

function wordIn<Word extends string>(words: readonly Word[], text: string | undefined): Word | undefined {
  for (const word of words) if (word === text) return word
  return undefined
}

function nameOf(node: JsonNode): string {
  return names[node.kind]
}

const names: Readonly<Record<JsonNode['kind'], string>> = {
  null: 'null',
  array: 'a list',
  object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
}
