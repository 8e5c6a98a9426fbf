import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'

/** The text after one edit; undefined where the place cannot be edited without touching more (an alias, a scalar). */
export type Edited = string | undefined

/**
 * Adds `item` to the list at `path`, making the list, and the maps above it, where they are missing.
 * Edits the text itself at the places that the YAML library reports: comments, order, spacing and quotes stay.
 */
export function addItem(text: string, path: readonly string[], item: string): Edited {
  const document = parseDocument(text)
  const node = document.getIn(path, true)
  if (node === undefined || isNothing(node)) return addEntry(text, path, `[${flowText(item)}]`)
  if (!isSeq(node)) return undefined
  if (node.items.some((one) => isScalar(one) && String(one.value) === item)) return text
  return checked(
    node.flow === true ? insertFlow(text, node, flowText(item)) : insertBlock(text, node, `- ${flowText(item)}`),
  )
}

/** Sets the value at `path`, which must not be there yet; `value` is YAML in flow style. */
export function addEntry(text: string, path: readonly string[], value: string): Edited {
  const document = parseDocument(text)
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    const key = path[depth] ?? ''
    const inner = path.slice(depth + 1).reduceRight((nested, name) => `{ ${flowText(name)}: ${nested} }`, value)
    if (parent === undefined || parent === null || isNothing(parent)) continue
    if (!isMap(parent)) return undefined
    if (parent.has(key))
      return isNothing(parent.get(key, true)) ? checked(fillEmpty(text, parent, key, inner)) : undefined
    const entry = `${flowText(key)}: ${inner}`
    return checked(parent.flow === true ? insertFlow(text, parent, entry) : insertBlock(text, parent, entry))
  }
  return undefined
}

/** Replaces the scalar or flow collection at `path`. */
export function replaceValue(text: string, path: readonly string[], value: string): Edited {
  const node = parseDocument(text).getIn(path, true)
  if (!isScalar(node) && !(isCollection(node) && node.flow === true)) return undefined
  const [start, end] = node.range ?? []
  if (start === undefined || end === undefined) return undefined
  return checked(text.slice(0, start) + value + text.slice(end))
}

/** Text as it may stand in a flow collection: quoted unless it is plainly a word or a path. */
export function flowText(text: string): string {
  const plain = /^[A-Za-z/][A-Za-z0-9 _./:@~%+-]*$/.test(text) && !/: |:$| $|^(?:true|false|null|~)$/i.test(text)
  return plain ? text : JSON.stringify(text)
}

function insertFlow(text: string, collection: YAMLMap | YAMLSeq, addition: string): Edited {
  const [start, end] = collection.range ?? []
  if (start === undefined || end === undefined) return undefined
  if (collection.items.length === 0) {
    const map = isMap(collection)
    const open = `${map ? '{ ' : '['}${addition}`
    const inside = text.slice(start + 1, end - 1)
    // What stands in an empty collection, if anything does, is comments.
    return (
      text.slice(0, start) +
      open +
      (inside.trim() === '' ? (map ? ' }' : ']') : text.slice(start + 1, end)) +
      text.slice(end)
    )
  }
  const at = endOfLast(collection.items.at(-1))
  return at === undefined ? undefined : `${text.slice(0, at)}, ${addition}${text.slice(at)}`
}

function insertBlock(text: string, collection: YAMLMap | YAMLSeq, addition: string): Edited {
  const start = collection.range?.[0]
  const last = endOfLast(collection)
  if (start === undefined || last === undefined) return undefined
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const lineEnd = text.indexOf(newline, last)
  const at = lineEnd === -1 ? text.length : lineEnd
  return `${text.slice(0, at)}${newline}${' '.repeat(start - lineStart)}${addition}${text.slice(at)}`
}

/** Where the last value ends. A block's range runs into the comments behind it, so one goes down to the last leaf. */
function endOfLast(node: unknown): number | undefined {
  if (isPair(node)) return node.value === null || isNothing(node.value) ? endOfLast(node.key) : endOfLast(node.value)
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return endOfLast(node.items.at(-1))
  if (isScalar(node) || isCollection(node) || isAlias(node)) return node.range?.[1]
  return undefined
}

function isNothing(node: unknown): boolean {
  return isScalar(node) && node.value === null
}

/** `can:` with nothing behind it: the value goes behind the colon. */
function fillEmpty(text: string, parent: YAMLMap, key: string, value: string): Edited {
  const pair = parent.items.find((one) => isScalar(one.key) && one.key.value === key)
  const keyEnd = isScalar(pair?.key) ? pair.key.range?.[1] : undefined
  const colon = keyEnd === undefined ? -1 : text.indexOf(':', keyEnd)
  return colon === -1 ? undefined : `${text.slice(0, colon + 1)} ${value}${text.slice(colon + 1)}`
}

/** An edit that is no longer YAML is no edit. */
function checked(text: Edited): Edited {
  return text === undefined || parseDocument(text).errors.length > 0 ? undefined : text
}
