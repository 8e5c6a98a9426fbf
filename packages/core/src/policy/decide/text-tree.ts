/** A radix tree over texts: every entry whose text another text begins (or ends) with lies on one walk along it. */
export interface TextTree<Value> {
  /** The first answer of the entries on the walk. */
  readonly first: <Answer, Given>(
    text: string,
    ask: (value: Value, given: Given) => Answer | undefined,
    given: Given,
  ) => Answer | undefined
}

interface Node<Value> {
  /** What stands between this node's parent and it. */
  readonly label: string
  readonly value: Value | undefined
  /** By the first character of their label. */
  readonly children: ReadonlyMap<number, Node<Value>>
}

/** A tree of texts that others begin with. No two entries have the same text. */
export function prefixTree<Value>(entries: readonly (readonly [text: string, value: Value])[]): TextTree<Value> {
  const root = build(sort(entries), 0, entries.length, 0, '')
  return {
    first: (text, ask, given) => {
      let at = 0
      let node: Node<Value> | undefined = root
      while (node !== undefined) {
        const answer = node.value === undefined ? undefined : ask(node.value, given)
        if (answer !== undefined || at >= text.length) return answer
        node = node.children.get(text.charCodeAt(at))
        if (node === undefined || !text.startsWith(node.label, at)) return undefined
        at += node.label.length
      }
      return undefined
    },
  }
}

/** A tree of texts that others end with. */
export function suffixTree<Value>(entries: readonly (readonly [text: string, value: Value])[]): TextTree<Value> {
  const reversed = entries.map(([text, value]) => [reverse(text), value] as const)
  const root = build(sort(reversed), 0, entries.length, 0, '')
  return {
    first: (text, ask, given) => {
      let at = text.length
      let node: Node<Value> | undefined = root
      while (node !== undefined) {
        const answer = node.value === undefined ? undefined : ask(node.value, given)
        if (answer !== undefined || at === 0) return answer
        node = node.children.get(text.charCodeAt(at - 1))
        if (node === undefined || !endsBackwards(text, at, node.label)) return undefined
        at -= node.label.length
      }
      return undefined
    },
  }
}

/** Whether `label`, read backwards, ends before `at`. */
function endsBackwards(text: string, at: number, label: string): boolean {
  if (label.length > at) return false
  for (let back = 0; back < label.length; back += 1) {
    if (text.charCodeAt(at - 1 - back) !== label.charCodeAt(back)) return false
  }
  return true
}

/** By units, as the walk goes; surrogate pairs come apart, alike in both. */
function reverse(text: string): string {
  let reversed = ''
  for (let at = text.length - 1; at >= 0; at -= 1) reversed += text.charAt(at)
  return reversed
}

type Entries<Value> = readonly (readonly [text: string, value: Value])[]

function sort<Value>(entries: Entries<Value>): Entries<Value> {
  return entries.toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
}

/** The node for the entries `from` to `to`, which all begin with the same `depth` characters. */
function build<Value>(entries: Entries<Value>, from: number, to: number, depth: number, label: string): Node<Value> {
  // The shortest sorts first, and ends here if any does.
  const own = entries[from]?.[0].length === depth ? entries[from] : undefined
  const children = new Map<number, Node<Value>>()
  let start = own === undefined ? from : from + 1
  while (start < to) {
    const [low = ''] = entries[start] ?? []
    const char = low.charCodeAt(depth)
    let end = start + 1
    while (end < to && entries[end]?.[0].charCodeAt(depth) === char) end += 1
    const [high = ''] = entries[end - 1] ?? []
    let common = depth + 1
    while (common < low.length && low.charCodeAt(common) === high.charCodeAt(common)) common += 1
    children.set(char, build(entries, start, end, common, low.slice(depth, common)))
    start = end
  }
  return { label, value: own?.[1], children }
}
