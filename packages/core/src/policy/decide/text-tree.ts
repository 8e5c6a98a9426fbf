/** A radix tree over texts: every entry whose text another text begins (or ends) with lies on one walk along it. */
export interface TextTree<Value> {
  /** Whether the answer of any entry on the walk is yes; it is the last to be asked. */
  readonly some: <Given>(text: string, ask: (value: Value, given: Given) => boolean, given: Given) => boolean
}

interface Node<Value> {
  /** What stands between this node's parent and it. */
  readonly label: string
  readonly value: Value | undefined
  /** Children by the first character of their label, counted from `low`, with gaps; those too far from it apart. */
  readonly low: number
  readonly near: readonly (Node<Value> | undefined)[]
  readonly far: ReadonlyMap<number, Node<Value>> | undefined
}

const none: readonly undefined[] = []

/** How far from `low` a child may be: what text stands in a policy must not decide how much room it takes. */
const reach = 128

function childAt<Value>({ low, near, far }: Node<Value>, char: number): Node<Value> | undefined {
  const place = char - low
  return place >= 0 && place < near.length ? near[place] : far?.get(char)
}

/** A tree of texts that others begin with. No two entries have the same text. */
export function prefixTree<Value>(entries: readonly (readonly [text: string, value: Value])[]): TextTree<Value> {
  const root = build(sort(entries), 0, entries.length, 0, '')
  return {
    some: (text, ask, given) => {
      let at = 0
      let node: Node<Value> | undefined = root
      for (;;) {
        if (node.value !== undefined && ask(node.value, given)) return true
        if (at >= text.length) return false
        node = childAt(node, text.charCodeAt(at))
        if (node === undefined || !text.startsWith(node.label, at)) return false
        at += node.label.length
      }
    },
  }
}

/** A tree of texts that others end with. */
export function suffixTree<Value>(entries: readonly (readonly [text: string, value: Value])[]): TextTree<Value> {
  const reversed = entries.map(([text, value]) => [reverse(text), value] as const)
  const root = build(sort(reversed), 0, entries.length, 0, '')
  return {
    some: (text, ask, given) => {
      let at = text.length
      let node: Node<Value> | undefined = root
      for (;;) {
        if (node.value !== undefined && ask(node.value, given)) return true
        if (at === 0) return false
        node = childAt(node, text.charCodeAt(at - 1))
        if (node === undefined || !endsBackwards(text, at, node.label)) return false
        at -= node.label.length
      }
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
  if (from + (own === undefined ? 0 : 1) === to) return { label, value: own?.[1], low: 0, near: none, far: undefined }
  const near: (Node<Value> | undefined)[] = []
  let far: Map<number, Node<Value>> | undefined
  let start = own === undefined ? from : from + 1
  const low = entries[start]?.[0].charCodeAt(depth) ?? 0
  while (start < to) {
    const [shortest = ''] = entries[start] ?? []
    const char = shortest.charCodeAt(depth)
    let end = start + 1
    while (end < to && entries[end]?.[0].charCodeAt(depth) === char) end += 1
    const [longest = ''] = entries[end - 1] ?? []
    let common = depth + 1
    while (common < shortest.length && shortest.charCodeAt(common) === longest.charCodeAt(common)) common += 1
    const child = build(entries, start, end, common, shortest.slice(depth, common))
    if (char - low >= reach) (far ??= new Map()).set(char, child)
    else {
      while (near.length < char - low) near.push(undefined)
      near.push(child)
    }
    start = end
  }
  return { label, value: own?.[1], low, near, far }
}
