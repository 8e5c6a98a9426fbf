import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node as YamlNode } from 'yaml'

import type { Position } from '../position.ts'
import type { Faults } from './faults.ts'
import type { Entry, Node } from './node.ts'
import { wordsOfYaml } from './yaml-words.ts'

const maxCharacters = 1024 * 1024
const maxDepth = 32
const maxNodes = 20_000
const maxAliases = 50
/** Beyond the first few, faults of grammar are the same one again. */
const maxGrammarFaults = 10
/** What moves a terminal's cursor, or turns the direction of writing: a reviewer would see another text. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const hidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/
/** What stands where bytes were no UTF-8. */
const undecodable = '\uFFFD'

/**
 * YAML text to positioned nodes. Adversary: whoever may propose a manifest and hopes that the reviewer and the
 * server read it differently. So: YAML 1.2 core only, no tags, no merge keys, no duplicate keys, one document, nothing
 * that hides text, also none written as an escape, and aliases only as many as a person writes (a handful of them can
 * stand for gigabytes).
 */
export function parseYaml(file: string, text: string, faults: Faults): Node | undefined {
  const start = { file, line: 1, column: 1 }
  if (text.length > maxCharacters) {
    faults.add('manifest.too_large', start, `${file} has ${text.length} characters; the limit is ${maxCharacters}.`)
    return undefined
  }
  const positionOf = (offset: number): Position => {
    const before = text.slice(0, offset).split('\n')
    return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
  const brokenAt = text.indexOf(undecodable)
  if (brokenAt !== -1) {
    faults.add('manifest.hidden_character', positionOf(brokenAt), `${file} is not UTF-8 here.`, 'save it as UTF-8')
    return undefined
  }
  const hiddenAt = text.search(hidden)
  if (hiddenAt !== -1) {
    const at = positionOf(hiddenAt)
    faults.add(
      'manifest.hidden_character',
      at,
      `${file} holds ${nameOf(text.charCodeAt(hiddenAt))}, which nobody sees.`,
      text[hiddenAt] === '\0' ? 'save it as UTF-8' : 'take that character away',
    )
    return undefined
  }
  const tooDeep = openedBeyond(text, 10 * maxDepth)
  if (tooDeep !== undefined) {
    faults.add('manifest.too_large', positionOf(tooDeep), `Deeper than ${maxDepth} levels.`)
    return undefined
  }
  const lineCounter = new LineCounter()
  const source = withPlainDashes(text)
  const document = parseDocument(source, {
    lineCounter,
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false, // they are compared below, as they are written
    prettyErrors: false,
    strict: true,
  })
  const place = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  for (const error of document.errors.slice(0, maxGrammarFaults)) reportYamlError(error, source, place, faults)
  if (document.errors.length > 0 || document.contents === null) {
    if (document.errors.length === 0)
      faults.add('manifest.missing_key', start, `${file} is empty.`, 'delete it, then run sallyport init')
    return undefined
  }
  return convert(document, document.contents, place, faults)
}

/**
 * Web pages turn the hyphen of a YAML list into a dash (`– us-east-1_abc123`), which YAML reads as text.
 * Only a line that follows `key:`, or another such line, is taken for a list item. Columns stay what they were.
 */
function withPlainDashes(text: string): string {
  if (!/^[ \t]*[–—] /mu.test(text)) return text
  let inList = false
  return text
    .split('\n')
    .map((line) => {
      const dashed = /^(\s*)[–—] (.*)$/u.exec(line)
      if (dashed !== null && inList) return `${dashed[1]}- ${dashed[2]}`
      if (line.trim() !== '') inList = /:\s*(#.*)?$/u.test(line)
      return line
    })
    .join('\n')
}

/**
 * Where more brackets are open than any manifest opens, or more dashes begin one line; undefined where never. The
 * library reads each level inside the last one, and runs out of stack. Brackets in a text count as well.
 */
function openedBeyond(text: string, most: number): number | undefined {
  let open = 0
  for (const { 0: found, index } of text.matchAll(/[[{\]}]|^[ \t]*(?:[-?:][ \t]+)+/gm)) {
    if (found === '[' || found === '{') open += 1
    else if (found === ']' || found === '}') open -= 1
    else if (found.split(/[-?:]/).length > most) return index
    if (open > most) return index
  }
  return undefined
}

function reportYamlError(
  error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  source: string,
  place: (offset: number) => Position,
  faults: Faults,
): void {
  const at = place(error.pos[0])
  if (error.code === 'BAD_ALIAS' && source.slice(error.pos[0], error.pos[1] + 1).includes('*')) {
    faults.add('manifest.wildcard', at, 'There is no "*" in the grammar.', 'name each thing that is granted')
  } else {
    const { says, mend } = wordsOfYaml(error.message)
    faults.add('manifest.yaml', at, says, mend)
  }
}

function convert(
  document: Document,
  root: YamlNode,
  place: (offset: number) => Position,
  faults: Faults,
): Node | undefined {
  let nodes = 0
  let aliases = 0
  let refused = false
  const refuse = (
    code: 'manifest.too_large' | 'manifest.yaml' | 'manifest.hidden_character',
    at: Position,
    message: string,
  ): Node => {
    if (!refused || code !== 'manifest.too_large') faults.add(code, at, message)
    refused = true
    return { kind: 'empty', at }
  }
  // The library types a node's range and children as nullable: a parsed document always has ranges.
  const walk = (node: unknown, depth: number, fallback: Position): Node => {
    if (node === null || node === undefined) return { kind: 'empty', at: fallback }
    const at = place((node as YamlNode).range?.[0] ?? 0)
    nodes += 1
    if (nodes > maxNodes || depth > maxDepth) {
      return refuse('manifest.too_large', at, `More than ${maxNodes} values, or deeper than ${maxDepth} levels.`)
    }
    if (isAlias(node)) {
      aliases += 1
      if (aliases > maxAliases) return refuse('manifest.too_large', at, `More than ${maxAliases} YAML aliases.`)
      const target = node.resolve(document)
      if (target === undefined) {
        faults.add('manifest.wildcard', at, `"*${node.source}" names no anchor, and there are no wildcards.`)
        refused = true
        return { kind: 'empty', at }
      }
      return walk(target, depth + 1, at)
    }
    if ((node as { readonly tag?: string }).tag !== undefined) {
      return refuse('manifest.yaml', at, 'YAML tags are not part of the grammar.')
    }
    if (isMap(node)) {
      const entries: Entry[] = []
      for (const pair of node.items) {
        const keyAt = isScalar(pair.key) ? place(pair.key.range?.[0] ?? 0) : at
        if (!isScalar(pair.key)) {
          refuse('manifest.yaml', keyAt, 'A key must be plain text.')
          continue
        }
        const key = pair.key.source ?? String(pair.key.value)
        if (hidden.test(key)) refuse('manifest.hidden_character', keyAt, 'A key holds a character that nobody sees.')
        // The library tells 1 from "1" and true from "true"; as names they are one.
        if (entries.some((entry) => entry.key === key)) {
          faults.add('manifest.duplicate_key', keyAt, `"${key}" stands twice in this map.`, 'keep one of the two')
          refused = true
        }
        if (key === '<<') {
          faults.add('manifest.merge_key', keyAt, 'Merge keys hide what is granted.', 'write the keys out')
          refused = true
          continue
        }
        entries.push({ key, keyAt, value: walk(pair.value, depth + 1, keyAt) })
      }
      return { kind: 'map', entries, at }
    }
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => walk(item, depth + 1, at)), at }
    if (isScalar(node)) {
      if (typeof node.value === 'string' && hidden.test(node.value)) {
        return refuse('manifest.hidden_character', at, 'A value holds a character that nobody sees.')
      }
      return scalar(node.value, node.source, at)
    }
    return refuse('manifest.yaml', at, 'This kind of YAML value is not part of the grammar.')
  }
  const tree = walk(root, 0, place(0))
  return refused ? undefined : tree
}

function nameOf(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}

function scalar(value: unknown, source: string | undefined, at: Position): Node {
  if (typeof value === 'string') return { kind: 'text', text: value, at }
  if (typeof value === 'number') return { kind: 'number', value, text: source ?? String(value), at }
  if (typeof value === 'boolean') return { kind: 'flag', value, text: source ?? String(value), at }
  return { kind: 'empty', at }
}
