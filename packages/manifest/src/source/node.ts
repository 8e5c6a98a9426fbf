import type { Position } from '../position.ts'

/** A YAML value with the place where it stands. What the readers see instead of the YAML library. */
export type Node = MapNode | ListNode | TextNode | NumberNode | FlagNode | EmptyNode

/** A YAML mapping. Entries stand in the order of the file, and no key stands twice. */
export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
  readonly at: Position
}

/** One `key: value`, with the place of the key, which is what faults point at. */
export interface Entry {
  readonly key: string
  readonly keyAt: Position
  readonly value: Node
}

/** A YAML sequence. */
export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly at: Position
}

/** A string, quotes and folding already undone. */
export interface TextNode {
  readonly kind: 'text'
  readonly text: string
  readonly at: Position
}

/** `text` is the number as it was written: an account of twelve zeros keeps them. */
export interface NumberNode {
  readonly kind: 'number'
  readonly value: number
  readonly text: string
  readonly at: Position
}

/** `true` or `false`. `text` is the word as it was written, for messages. */
export interface FlagNode {
  readonly kind: 'flag'
  readonly value: boolean
  readonly text: string
  readonly at: Position
}

/** A key without a value, or `null`. Never taken for a default: the shape says whether it may be empty. */
export interface EmptyNode {
  readonly kind: 'empty'
  readonly at: Position
}

/** The value under a key, or undefined. Anything that is not a map has no keys. */
export function child(node: Node | undefined, key: string): Node | undefined {
  return entriesOf(node).find((entry) => entry.key === key)?.value
}

/** The entries of a map; none for anything else, whose wrong type has been reported before. */
export function entriesOf(node: Node | undefined): readonly Entry[] {
  return node?.kind === 'map' ? node.entries : []
}

/** The items of a list; none for anything else. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : []
}

/** The text of a scalar as written, or undefined for a map, a list or nothing. */
export function textOf(node: Node | undefined): string | undefined {
  return node !== undefined && 'text' in node ? node.text : undefined
}

/** Every item that is a scalar, with its place. */
export function textsOf(node: Node | undefined): readonly { readonly text: string; readonly at: Position }[] {
  return itemsOf(node).flatMap((item) => ('text' in item ? [{ text: item.text, at: item.at }] : []))
}
