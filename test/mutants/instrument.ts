import type { Mutation } from './mutations.ts'

declare global {
  /** True where this mutation is awake. Whatever is instrumented asks; where nobody has set it, all are asleep. */
  var mutant: ((id: number) => boolean) | undefined
}

/** A mutation with the number by which it is switched on. */
export interface Numbered extends Mutation {
  readonly id: number
}

/**
 * The text with all of these mutations in it, each asleep until `globalThis.mutant(id)` says that it is its turn. A
 * file is so loaded once for all of them. No line moves.
 */
export function instrument(text: string, mutations: readonly Numbered[]): string {
  return rewrite(text, 0, text.length, mutations)
}

/** `mutations` lie within `start` and `end`, ordered by their start, the wider first. */
function rewrite(text: string, start: number, end: number, mutations: readonly Numbered[]): string {
  let out = ''
  let at = start
  for (let index = 0; index < mutations.length;) {
    const first = mutations[index]
    if (first === undefined) break
    const here = mutations.slice(index).filter((one) => one.start < first.end)
    index += here.length
    const same = here.filter((one) => one.start === first.start && one.end === first.end)
    const inner = rewrite(
      text,
      first.start,
      first.end,
      here.filter((one) => !same.includes(one)),
    )
    out += text.slice(at, first.start) + same.reduceRight(wrap, inner)
    at = first.end
  }
  return out + text.slice(at, end)
}

function wrap(inner: string, { id, instead }: Numbered): string {
  if (instead === undefined) return `{ if (!globalThis.mutant?.(${id})) ${inner} }`
  return `(globalThis.mutant?.(${id}) ? ${instead} : (${inner}))`
}
